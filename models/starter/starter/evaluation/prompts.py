"""Held-out prompts, written by hand; their names and documents are in no training pool (see the tests).

Some use plain requests whose wording training also uses ("Create a task to …"), most are phrased freely. Corpus templates are
never adjusted to a single prompt.
"""
import dataclasses

from .checks import Expectation

SYSTEMS = {
    "invoice": "You are Beatrix, an invoice clerk. You can: read invoices and pull out the key fields; check totals and due dates; draft payment reminders.",
    "support": "You are Kasimir, a support triage agent at Tulip Mobile BV. You can: sort tickets by topic and urgency, draft replies to customers, summarise long tickets.",
    "people": "You are Odette, an HR onboarding assistant. You can: prepare onboarding checklists, answer questions about policies, write welcome messages.",
    "contract": "You are Lorcan, a contract reviewer. You can: find parties, dates and notice periods; point out unusual clauses; summarise contracts.",
    "minutes": "You are Petra Wolanski, a meeting minutes writer. You can: turn notes into minutes, list decisions and action items, draft follow-up emails.",
    "sales": "You are Dmitri, a sales follow-up drafter. You can: draft follow-up emails, summarise calls, plan next steps.",
    "policy": "You are Winifred, a policy librarian. You can: find answers in policies, quote the exact passage, say when a policy is silent.",
    "sheet": "You are Anselm, a spreadsheet helper. You can: write formulas, explain formulas, turn text into tables.",
    "inbox": "You are Yvette, an inbox coordinator. You can: sort messages, draft short replies, create tasks from emails.",
    "buyer": "You are Solveig, a procurement buyer. You can: compare supplier quotes, draft requests for quotes, create purchase tasks.",
    "bees": "You are Humphrey, a beekeeping coach. You can: plan hive visits; write honey labels; track queen bees.",
    "ferry": "You are Ottilie Brask, a ferry dispatcher at Kattegat Lines. You can: read timetables, answer passengers, note lost luggage.",
}
BILL = "Zaventem Office Depot NV\nInvoice nr: ZD-88213\nInvoice dated: 3 March 2026\nDue on: 2 April 2026\nTotal incl. VAT: EUR 1,482.75\nVAT 21%: EUR 257.34"
LETTER = ("Dear Sir or Madam, our bill 77104/B for the catering on 9 May comes to $640.20 and is payable by 30 May 2026. "
          "Many thanks, Orsolya Kertesz, Fjord Catering LLC")
AGREEMENT = "Contract number: LX-2210-7\nClient: Dunmore Textiles\nProvider: Ashgrove IT\nNotice period: 45 days\nMonthly fee: £2,150"
ORDER = "Order number: 5TT-0091\nCustomer: Halvard Nygaard\nItem: oak shelves\nQuantity: 14\nDelivery date: 12 December 2026"
PHONES = "Lorelei: 4471; Fitzroy: 9038; Anneke: 2260"
BINS = "Hallgrim = B12\nPernille = C44\nOsbert = A07\nThyra = D30"
HARBOURS = "Varberg - 06:40\nGrenaa - 11:15\nAnholt - 13:55"
RULES = ("[1] Staff may claim up to EUR 45 per day for meals while travelling.\n[2] Lost badges must be reported to the front desk within 4 hours.\n"
         "[3] Pets are not allowed in the building except guide dogs.")
HOUSE = "The canteen closes at 14:30. Bicycles are stored in hall C. Fire drills take place every second Thursday."
NOTE = ("Project sync. Gwendolyn will send the revised budget to the board by Thursday. The printer on floor 2 is still broken. "
        "We decided to postpone the trade fair to October. Marek takes over the supplier list.")
HANDOVER = "Hi all. Basil agreed to order the banners by Tuesday. The launch has been moved to 4 May. Lunch was lovely. Philippa has to phone the printers before Friday."
OFFERS = "Brockhurst Tools wants 4,120 euros, Neilson Hardware wants 3,975 euros."
THREE_OFFERS = "Ruislip Carpets: £880\nPennine Flooring: £1,240\nCotswold Mats: £615"


@dataclasses.dataclass(frozen=True)
class Prompt:
    """One conversation; the last answer is checked."""

    group: str
    system: str
    turns: tuple
    expected: Expectation


def _group(name, system, *cases):
    return [Prompt(name, system, (turns,) if isinstance(turns, str) else turns, expected) for turns, expected in cases]


def _introductions():
    roles = {"invoice": ("Beatrix", "invoice clerk"), "support": ("Kasimir", "support triage agent"), "people": ("Odette", "HR onboarding assistant"),
             "policy": ("Winifred", "policy librarian"), "sheet": ("Anselm", "spreadsheet helper"), "buyer": ("Solveig", "procurement buyer"),
             "bees": ("Humphrey", "beekeeping coach"), "ferry": ("Ottilie Brask", "ferry dispatcher")}
    requests = ("yo what r u exactly", "Good day! Please state your name and function.", "And whom do I have in front of me?", "Sorry, I forgot your name?",
                "Which colleague is this?", "who's there", "Before we begin: what are you called and what's your job?", "Are you the new one? Name please.")
    cases = []
    for (system, words), request in zip(roles.items(), requests):
        cases += _group("introduction", system, (request, Expectation(words=words)))
    return cases + _group("introduction", "bees", ("Am I chatting with Cornelius?", Expectation(words=("No", "Humphrey"), absent=("Cornelius",))),
                          ("You must be Humphrey, yes?", Expectation(words=("Humphrey",), absent=("No",))))


def _abilities():
    return (_group("abilities", "bees", ("So, what kind of stuff are you good at?", Expectation(words=("plan hive visits", "write honey labels"))))
            + _group("abilities", "contract", ("Which jobs could I pass on to you?", Expectation(words=("find parties, dates and notice periods",))),
                     ("Would summarising contracts be something for you?", Expectation(words=("Yes",))), ("Could you fly me to Lisbon?", Expectation(words=("cannot",), refuses=True)))
            + _group("abilities", "ferry", ("Tell me how you might be useful to me.", Expectation(words=("read timetables", "note lost luggage")))))


def _fields():
    return (_group("field", "invoice",
                   ("hey i got this bill, when do i have to pay it?\n" + BILL, Expectation(words=("2 April 2026",), absent=("3 March 2026",))),
                   (BILL + "\n\nWhat would be the number of this invoice?", Expectation(words=("ZD-88213",), absent=("257.34", "1,482.75"))),
                   (BILL + "\n\nPlease name the sender.", Expectation(words=("Zaventem Office Depot NV",), absent=("ZD-88213",))),
                   (BILL + "\n\nHow much of that is VAT?", Expectation(words=("257.34",), absent=("1,482.75",))),
                   ("Total of this one?\n\n" + BILL, Expectation(words=("1,482.75",), absent=("257.34",))),
                   (LETTER + "\n\nwhat's the amount", Expectation(words=("640.20",), absent=("77104/B",))),
                   (LETTER + "\n\nIt's due when?", Expectation(words=("30 May 2026",))),
                   ((BILL + "\n\nInvoice number?", "and the date it was written?"), Expectation(words=("3 March 2026",), absent=("2 April 2026",))))
            + _group("field", "contract", (AGREEMENT + "\n\nHow many days of notice do we have to give?", Expectation(words=("45 days",), absent=("LX-2210-7",))),
                     (AGREEMENT + "\n\nPlease give me client and provider.", Expectation(words=("Dunmore Textiles", "Ashgrove IT"), absent=("45 days",))),
                     (AGREEMENT + "\n\nwho is providing the service", Expectation(words=("Ashgrove IT",), absent=("Dunmore Textiles",))))
            + _group("field", "buyer", (ORDER + "\n\nWrite down every detail of this order.", Expectation(words=("5TT-0091", "Halvard Nygaard", "oak shelves", "14", "12 December 2026"))),
                     (ORDER + "\n\nhow many did he order", Expectation(words=("14",), absent=("5TT-0091",))),
                     (ORDER + "\n\nName of the customer please", Expectation(words=("Halvard Nygaard",), absent=("oak shelves",))))
            + _group("missing field", "invoice", (BILL + "\n\nIs a telephone number printed on it?", Expectation(refuses=True, absent=("ZD-88213",))),
                     (BILL + "\n\nWhich bank account should the money go to?", Expectation(refuses=True)),
                     (BILL + "\n\nHow big is the early payment discount?", Expectation(refuses=True)))
            + _group("missing field", "contract", (AGREEMENT + "\n\nWhat is the end date?", Expectation(refuses=True))))


def _lookups():
    return (_group("look-up", "inbox", (PHONES + "\n\nWhich extension do I dial for Fitzroy?", Expectation(words=("9038",), absent=("4471", "2260"))),
                   (PHONES + "\n\nAnneke's number, please.", Expectation(words=("2260",), absent=("4471", "9038"))),
                   (("Here are the extensions. " + PHONES + "\n\nLorelei?", "Fine. Now Anneke."), Expectation(words=("2260",), absent=("4471", "9038"))),
                   (PHONES + "\n\nAnd the extension of Cuthbert?", Expectation(refuses=True, absent=("4471", "9038", "2260"))),
                   (BINS + "\n\nIn which bin will I find Osbert's things?", Expectation(words=("A07",), absent=("B12", "C44", "D30"))),
                   (BINS + "\n\nThyra?", Expectation(words=("D30",), absent=("B12", "C44", "A07"))))
            + _group("look-up", "ferry", (HARBOURS + "\n\nWhen do we call at Grenaa?", Expectation(words=("11:15",), absent=("06:40", "13:55"))),
                     ("What time for Anholt?\n" + HARBOURS, Expectation(words=("13:55",), absent=("06:40", "11:15"))))
            + _group("comparison", "buyer", (OFFERS + " Who would you go with if money is all that counts?", Expectation(words=("Neilson Hardware",), absent=("Brockhurst",))),
                     ("Which of these is cheapest?\n" + THREE_OFFERS, Expectation(words=("Cotswold Mats", "615"), absent=("Ruislip", "Pennine"))),
                     (THREE_OFFERS + "\n\nAnd who is asking for the most money?", Expectation(words=("Pennine Flooring",), absent=("Ruislip", "Cotswold"))))
            + _group("copy", "inbox", ("Repeat exactly, letter by letter: W9X-44QF-0B", Expectation(exact="W9X-44QF-0B")),
                     ("Please echo this back to me: grumbling teapot 8831", Expectation(exact="grumbling teapot 8831")),
                     ("Copy the following name: Thaddeus Quillfeather", Expectation(exact="Thaddeus Quillfeather")))
            + _group("memory", "minutes", (("The password for the beamer is QX-7741-Z, remember that.", "what was the beamer password again?"), Expectation(words=("QX-7741-Z",))),
                     (("My name is Seraphina Quill.", "Do you still know what I am called?"), Expectation(words=("Seraphina Quill",))),
                     (("Our gate code changed to 5518.", "that was all about gates for now", "Which gate code did I mention?"), Expectation(words=("5518",)))))


def _passages():
    meals, badges, pets = (line[4:] for line in RULES.splitlines())
    return (_group("passage", "policy", (RULES + "\n\nI was on a trip. What do I get back for food?", Expectation(words=(meals,), absent=("badges", "Pets"))),
                   (RULES + "\n\nHow much may I spend on meals?", Expectation(words=(meals,), absent=("badges", "Pets"))),
                   (RULES + "\n\nmy badge has vanished, what do i do", Expectation(words=(badges,), absent=("meals", "Pets"))),
                   (RULES + "\n\nCan I take my cat to work?", Expectation(words=(pets.rstrip("."),), absent=("meals", "badges"))),
                   (HOUSE + "\n\nUntil what time can I eat there?", Expectation(words=("The canteen closes at 14:30",), absent=("hall C",))),
                   (HOUSE + "\n\nWhere do I put my bike?", Expectation(words=("Bicycles are stored in hall C",), absent=("14:30",))),
                   ("How often are there fire drills?\n\n" + HOUSE, Expectation(words=("every second Thursday",), absent=("hall C",))),
                   ((RULES + "\n\nWhat about lost badges?", "And meals?"), Expectation(words=(meals,), absent=("badges",))))
            + _group("silent passage", "policy", (RULES + "\n\nHow many days of paternity leave do fathers get?", Expectation(refuses=True, absent=("45", "4"))),
                     (RULES + "\n\nwhats the code for the wifi", Expectation(refuses=True)), (HOUSE + "\n\nWho runs the canteen?", Expectation(refuses=True)),
                     ((RULES + "\n\nMay I bring a dog?", "Is smoking allowed?"), Expectation(refuses=True, absent=("Pets",))))
            + _group("unknown", "invoice", ("What's the capital of Australia?", Expectation(refuses=True, absent=("Canberra", "Sydney"))),
                     ("Who was the author of Moby Dick?", Expectation(refuses=True)), ("387 times 46 makes?", Expectation(refuses=True)),
                     ("What did Ottokar tell the board last Tuesday?", Expectation(refuses=True)), ("Which football club won the cup in 1987?", Expectation(refuses=True))))


def _notes():
    return (_group("summary", "minutes", (NOTE + "\n\ncan you boil that down for me", Expectation(words=("Gwendolyn", "October", "Marek"), absent=("Project sync",))),
                   ("Summarise these lines.\n\n" + HANDOVER, Expectation(words=("Basil", "4 May", "Philippa"), absent=("lovely", "Hi all"))),
                   ("Key facts only, please:\n" + NOTE, Expectation(words=("Gwendolyn", "October", "Marek"))))
            + _group("tasks and decisions", "minutes", (NOTE + "\n\nWhat was agreed in the end?", Expectation(words=("postpone the trade fair to October",), absent=("Gwendolyn", "printer"), bullets=1)),
                     ("Who needs to do something?\n\n" + HANDOVER, Expectation(words=("Basil", "Philippa"), absent=("4 May", "Lunch"), bullets=2))))


def _mails():
    return _group("e-mail", "sales",
                  ("Draft a courteous email to Ingrid Solberg: invoice RT-5530 over $912 was due on 6 June.", Expectation(words=("RT-5530", "$912", "6 June"), mail_to="Ingrid Solberg", signed="Dmitri")),
                  ("Invite Casper to a meeting about the lighthouse on 14 March at 10:30, by email please.", Expectation(words=("lighthouse", "14 March", "10:30"), mail_to="Casper", signed="Dmitri")),
                  ("Tell Wilhelmina that the almanac is late, it will be 22 August. I want to send that as a mail.", Expectation(words=("almanac", "22 August"), mail_to="Wilhelmina", signed="Dmitri")),
                  (("Write a mail to ask Delphine for a quote for 25 hammocks by Monday.", "Sorry, I meant Wednesday."), Expectation(words=("25 hammocks", "Wednesday"), absent=("Monday",), mail_to="Delphine", signed="Dmitri")),
                  ("Had a nice chat with Torvald yesterday about the mooring rights. I promised him to send the map by Friday. Write the mail.", Expectation(words=("mooring rights", "send the map", "Friday"), mail_to="Torvald", signed="Dmitri")),
                  ("Please thank Leopoldine for the marzipan in an email.", Expectation(words=("marzipan",), mail_to="Leopoldine", signed="Dmitri")))


def _tickets():
    def label(category, priority=None):
        return Expectation(words=(f"Category: {category}",) + ((f"Priority: {priority}",) if priority else ()))

    return _group("ticket", "support",
                  ("Have a look at this one: \"Good evening, since the last update my tablet keeps freezing whenever I open the camera. I have an exam tomorrow, please hurry! Best, Ludmila\"", label("technical", "high")),
                  ("Sort: Hello, you have debited 39 euros two times this month. Please give it back.", label("billing")),
                  ("Where would you file this? I don't get into my account any more, wrong password all the time.", label("account")),
                  ("Triage: my package should have been here on Friday, still nothing.", label("shipping")),
                  ("Category and priority of: What would 50 seats cost us per year? No rush.", label("sales", "low")),
                  ("Customer wrote: The new colours look wonderful, compliments to the designers! Please classify.", label("feedback")))


def _tools():
    return (_group("tool call", "inbox",
                   ("Create a task to water the ficus by 8 October.", Expectation(tool="create_task", arguments=("water the ficus", "8 October"))),
                   ("New to-do: inspect the boiler, due Friday, assigned to Rosalind.", Expectation(tool="create_task", arguments=("inspect the boiler", "Friday", "Rosalind"))),
                   ("Create a task: phone Archibald Finch about the gutter.", Expectation(tool="create_task", arguments=("phone Archibald Finch about the gutter",))),
                   ("put 'oil the hinges' on my list for tomorrow", Expectation(tool="create_task", arguments=("oil the hinges", "tomorrow"))),
                   ("Don't let me forget to renew the fishing licence before 1 December.", Expectation(tool="create_task", arguments=("renew the fishing licence", "1 December"))),
                   ("I want a meeting with Leopold about the mural on Tuesday at 15:15.", Expectation(tool="create_event", arguments=("Leopold", "mural", "Tuesday", "15:15"))),
                   ("Search for forklift insurance.", Expectation(tool="search", arguments=("forklift insurance",))),
                   ("any documents about hedgehog tunnels?", Expectation(tool="search", arguments=("hedgehog tunnels",))))
            + _group("formula", "sheet", ("how do i sum up everything between D4 and D87", Expectation(words=("=SUM(D4:D87)",))),
                     ("Mean value of K2 to K19 please", Expectation(words=("=AVERAGE(K2:K19)",)))))


def load() -> list:
    """All held-out prompts in a fixed order."""
    return _introductions() + _abilities() + _fields() + _lookups() + _passages() + _notes() + _mails() + _tickets() + _tools()
