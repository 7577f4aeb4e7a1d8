"""How events find the tasks that listen for them: reading them in order, waking who waits, handing in what fits."""

from kapell.engine.listening.deliveries import Deliveries
from kapell.engine.listening.matcher import CURSOR, Matcher
from kapell.engine.listening.tail import Tail

__all__ = ["CURSOR", "Deliveries", "Matcher", "Tail"]
