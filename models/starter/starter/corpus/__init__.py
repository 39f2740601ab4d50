"""Synthetic chats that the starter model is trained on; `sample` draws one, the same for the same random state.

A chat is a list of `(role, text)` with the roles `system`, `user` and `assistant`. Answers are deterministic given the
request: the model spends its few parameters on reading, not on choosing between phrasings.
"""
import random

from . import lookup, mail, notes, passages, persona, records, tickets, tools
from .character import Character

# (task, share): copying, look-up and questions on a text get most of the weight, because they form last.
TASKS = (
    (persona.identity, 4), (persona.skills, 3), (persona.greeting, 1.5), (persona.small_talk, 3), (persona.is_your_name, 1.5), (persona.can_you, 2.5),
    (persona.unknown, 4), (persona.vague, 1), (lookup.copy, 4), (lookup.lookup, 15), (lookup.compare, 5), (lookup.memory, 4),
    (records.extract, 17), (passages.answer_questions, 16), (notes.summarise, 9), (mail.draft, 9), (tickets.triage, 7),
    (tools.create_task, 6), (tools.create_event, 2.5), (tools.search, 3), (tools.formula, 2),
)
_FUNCTIONS = [task for task, _ in TASKS]
_WEIGHTS = [weight for _, weight in TASKS]
_EASY = (lookup.copy, lookup.lookup, lookup.lookup, lookup.memory)


def sample(rng: random.Random, easy_share: float = 0.0):
    """Draws one chat. `easy_share` (0 to 1) of the chats are copying and look-up only, for the start of training."""
    character = Character(rng)
    messages = [("system", character.system_prompt())]
    if rng.random() < easy_share:
        return messages + rng.choice(_EASY)(character)
    count = 1 if rng.random() < 0.8 else 2
    for task in rng.choices(_FUNCTIONS, _WEIGHTS, k=count):
        messages += task(character)
    return messages


def render(messages) -> str:
    """The chat in ChatML, as the chat template of the exported model writes it."""
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages)
