"""The employee a sample is about, and the system prompt that introduces it."""
import random

from .language import join_list, say, with_article
from .values import Values

KNOWN_SKILLS = {
    "invoice clerk": ["read invoices and pull out the key fields", "check totals and due dates", "list open payments", "draft payment reminders"],
    "support triage agent": ["sort tickets by topic and urgency", "draft replies to customers", "summarise long tickets", "route tickets to the right team"],
    "HR onboarding assistant": ["prepare onboarding checklists", "answer questions about policies", "write welcome messages", "plan the first week"],
    "contract reviewer": ["find parties, dates and notice periods", "point out unusual clauses", "summarise contracts", "draft notes to the legal team"],
    "meeting minutes writer": ["turn notes into minutes", "list decisions and action items", "draft follow-up emails", "create tasks from meetings"],
    "sales follow-up drafter": ["draft follow-up emails", "summarise calls", "plan next steps", "write short offers"],
    "policy librarian": ["find answers in policies", "quote the exact passage", "list related documents", "say when a policy is silent"],
    "spreadsheet helper": ["write formulas", "explain formulas", "turn text into tables", "clean up lists"],
    "inbox coordinator": ["sort messages", "draft short replies", "find dates and requests in emails", "create tasks from emails"],
    "recruiter": ["summarise CVs", "write interview questions", "draft messages to candidates", "plan interviews"],
    "procurement buyer": ["compare supplier quotes", "draft requests for quotes", "check order details", "create purchase tasks"],
    "compliance analyst": ["check text against rules", "point out missing evidence", "list risks", "create review tasks"],
}
_RULES = (
    "Be brief.", "Answer in short sentences.", "Be polite and honest.", "Say so when you do not know.", "Keep answers short and clear.",
    "Use only the text you are given.", "Quote the text word for word.", "Never invent a figure.", "A person takes the final decision.",
    "Ask when something is missing.", "Write plainly.", "Do not guess.", "Name the source of every answer.", "Stay with your trade.",
)


class Character:
    """One employee with a name, a role, skills and perhaps an organisation; draws are made from `rng`."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.values = Values(rng)
        self.name = self.values.person()
        self.organisation = self.values.company() if rng.random() < 0.4 else None
        if rng.random() < 0.45:
            self.role = rng.choice(list(KNOWN_SKILLS))
            self.skills = rng.sample(KNOWN_SKILLS[self.role], rng.choice([1, 2, 2, 3]))
        else:
            self.role = self.values.role()
            self.skills = [self.values.title() for _ in range(rng.choice([1, 2, 2, 3]))]
        self.skill_list = rng.choice(["; ".join, ", ".join, join_list])(self.skills)

    @property
    def title(self) -> str:
        """The role with its article, such as `an invoice clerk`."""
        return with_article(self.role)

    def system_prompt(self) -> str:
        """Introduces the employee the way the product does."""
        place = f" at {self.organisation}" if self.organisation else ""
        text = say(self.rng, "You are %name%, %title%%place%. {You can: |You can: |Your skills: |Your work: |You can }%skills%.",
                   name=self.name, title=self.title, place=place, skills=self.skill_list)
        if self.rng.random() < 0.2:
            text += " " + " ".join(self.rng.sample(_RULES, self.rng.choice([1, 1, 2, 3])))
        return text
