"""General English: words without meaning of their own, odd forms, words of like meaning.

No name and no word of any particular subject belongs here, or scores would say nothing.
"""

_STOP_TEXT = """
a an the this that these those some any each every either neither both all such same own other
another and or but nor if than then so as of at by for from in into on onto to with without about
between through during against per via within upon out up down over under off again there here i
me my mine you your yours he him his she her hers it its we us our ours they them their theirs one
ones who whom whose which what when where why how is am are was were be been being do does did
done doing have has had having will would shall should can could may might must ought not no yes
just only also too very much many more most less least ever even still yet please tell name give
according instead anyone someone anybody somebody anything something everything everybody everyone
nobody nothing let get got gets getting put go goes going went gone come comes coming came make
makes making made take takes taking took taken kind sort type while because since though although
however whether it's that's there's don't doesn't didn't can't cannot won't isn't aren't wasn't
weren't haven't hasn't couldn't shouldn't wouldn't mustn't i'm i've i'd i'll you're you've we're
we've they're what's who's where's when's how's why's s t use used using uses happen happens
happened
"""

#: Words that are not compared.
STOP = frozenset(_STOP_TEXT.split())

#: Forms that no rule of endings gives, and what they are forms of.
IRREGULAR = {
    form: stem
    for stem, forms in {
        "begin": "began begun beginning",
        "bind": "bound",
        "bite": "bit bitten",
        "blow": "blew blown",
        "break": "broke broken",
        "bring": "brought",
        "build": "built building",
        "burn": "burnt",
        "buy": "bought",
        "catch": "caught",
        "child": "children",
        "choose": "chose chosen choice",
        "cost": "costs costing",
        "deal": "dealt",
        "die": "died dying dies death dead",
        "dig": "dug",
        "draw": "drew drawn",
        "drink": "drank drunk",
        "drive": "drove driven",
        "eat": "ate eaten",
        "fall": "fell fallen",
        "feed": "fed",
        "feel": "felt",
        "fight": "fought",
        "find": "found finding",
        "fly": "flew flown flight flies",
        "foot": "feet",
        "forbid": "forbade forbidden",
        "forget": "forgot forgotten",
        "freeze": "froze frozen",
        "good": "better best well",
        "grow": "grew grown growth",
        "hang": "hung",
        "hear": "heard",
        "hide": "hid hidden",
        "high": "height higher highest",
        "hold": "held",
        "keep": "kept",
        "know": "knew known knowledge",
        "large": "larger largest",
        "lay": "laid",
        "lead": "led",
        "leave": "left leaf",
        "lend": "lent",
        "life": "lives",
        "live": "alive lived living",
        "long": "length longer longest",
        "lose": "lost loss",
        "man": "men",
        "mean": "meant",
        "meet": "met meeting",
        "mouse": "mice",
        "pay": "paid payment",
        "ride": "rode ridden",
        "ring": "rang rung",
        "rise": "rose risen",
        "run": "ran running",
        "say": "said",
        "see": "saw seen",
        "sell": "sold sale",
        "send": "sent",
        "shine": "shone",
        "show": "shown",
        "sing": "sang sung song",
        "sink": "sank sunk",
        "sit": "sat",
        "sleep": "slept",
        "speak": "spoke spoken speech",
        "spend": "spent",
        "stand": "stood",
        "steal": "stole stolen theft",
        "strike": "struck",
        "strong": "strength stronger strongest",
        "sweep": "swept",
        "swim": "swam swum",
        "swing": "swung",
        "teach": "taught",
        "tear": "tore torn",
        "think": "thought",
        "throw": "threw thrown",
        "tooth": "teeth",
        "understand": "understood",
        "wear": "wore worn",
        "wide": "width wider widest",
        "win": "won winner",
        "wind": "wound",
        "woman": "women",
        "write": "wrote written writing",
        "young": "younger youngest youth",
        "old": "older oldest elder eldest",
        "deep": "depth deeper deepest",
        "warm": "warmth warmer",
        "hot": "heat hotter hottest",
        "big": "bigger biggest",
        "small": "smaller smallest",
    }.items()
    for form in forms.split()
}

#: Words of one line may stand for one another.
SYNONYMS = """
begin start open launch first found establish commence inaugurate
end stop finish close last final cease conclude halt
build construct erect create
design plan draw invent devise develop
produce manufacture create
buy purchase acquire
cost price fee charge pay money fare spend expense
free gratis complimentary
big large great huge vast
small little tiny minor
quick fast rapid speed swift
slow gradual
child kid
employee staff worker employ personnel
business company firm
holiday vacation
doctor physician medical
medicine medical drug
car automobile vehicle
bike bicycle cycle
phone telephone ring call contact
email mail letter post
repair mend fix
show display exhibit
see view visit look watch
notice observe spot see
find discover locate
choose select pick decide
help assist support aid
work job labour
work operate function
allow permit
forbid prohibit ban
need require necessary
keep store hold
discard throw dispose expel push remove
return back
borrow lend loan
break damage ruin harm
destroy demolish wreck ruin
injure hurt wound harm
ill sick illness disease
die kill drown
survive live last remain
born birth hatch
dangerous hazard risk unsafe danger
safe protect safety
reason cause purpose
result effect consequence
trouble problem fault difficulty
fail failure break
change alter modify
replace substitute swap
increase grow rise raise
decrease shrink fall reduce drop lower
strong powerful
electric electricity current power
house home
old ancient
new newcomer recent beginner
member membership join
leave depart exit
arrive reach
shut close
annual yearly year
monthly month
weekly week
daily day
often frequent
error mistake
rubbish waste litter trash
picture photograph image photo
call name title
famous known
weigh weight heavy
lunch meal dinner eat food
drink beverage
maximum most limit
minimum least
journey voyage trip travel
train rail railway
town city
road street
country nation state
war battle fight
ticket fare
win victory
king queen monarch ruler
money fund
answer reply response
collect gather harvest
carry transport bring convey
send transmit
receive obtain
clean wash
cut trim
mix stir blend
cook boil bake
join connect link attach
divide split separate
cover protect
empty clear
hide conceal
guess estimate
teach train instruct learn
write author
speak talk tell say
enough sufficient
empty vacant
correct right accurate
wrong incorrect false
begin origin
middle centre half-way
top summit peak
bottom foot base
edge border
near close beside
rich wealth
poor poverty
rain weather storm
cold frost ice snow
hot warm heat
fire burn flame
earth soil ground
tree wood forest
own possess belong
provide supply give donate offer
assemble gather meet
boss manager chief leader director
agree consent
refuse reject
elect vote
rule law regulation
try attempt effort
succeed achieve
prevent avoid
flat apartment
lift elevator
shop store
film movie
petrol fuel
garden yard
queue line
timetable schedule
luggage baggage
certificate document paper note
jacket coat
loud noise
hard difficult
simple easy
important main
similar alike
afraid fear scare
clever intelligent
amount quantity number
part piece portion
whole entire
profession occupation trade
pupil student
prison jail
customer client guest visitor
marry wedding wife husband
bury funeral grave
pull drag
mistake wrong
toilet lavatory
grow cultivate plant
explain reason
forbid refuse
predict forecast
warn alert alarm
inside indoors within
outside outdoors
"""
