"""Those who act for the scheduler: live on asyncio, or in virtual time."""
