"""How a plan runs: a pure scheduler, drivers that act for it, engines, stores."""
