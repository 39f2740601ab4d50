"""Invoices, orders, contracts and the like: fields asked for one by one, present and missing, on the same text."""
import json

from .language import ask, attach, capitalise, join_list, say

_KINDS = {
    "invoice": {"invoice number": "code", "supplier": "company", "date": "date", "due date": "date", "total": "amount", "VAT": "amount",
                "customer": "company", "contact": "full_name"},
    "order": {"order number": "code", "customer": "full_name", "item": "thing", "quantity": "quantity", "delivery date": "date", "total": "amount"},
    "ticket": {"ticket id": "code", "customer": "full_name", "email": "email", "product": "thing", "date": "date"},
    "contract": {"contract number": "code", "client": "company", "provider": "company", "start date": "date", "notice period": "period", "fee": "amount"},
    "CV": {"name": "full_name", "email": "email", "employer": "company", "experience": "period", "city": "place", "phone number": "phone"},
    "quote": {"quote number": "code", "supplier": "company", "item": "thing", "price": "amount", "delivery time": "period", "valid until": "date"},
    "booking": {"booking code": "code", "guest": "full_name", "room": "quantity", "arrival": "date", "departure": "date", "price": "amount"},
}
_LABELS = {
    "invoice number": ["Invoice number", "Invoice no.", "Invoice", "Invoice #", "Inv. no", "Bill no.", "Our invoice", "Number"],
    "total": ["Total", "Amount due", "Total due", "Grand total", "Total amount", "To pay", "Sum"],
    "due date": ["Due date", "Due", "Payable by", "Pay by", "Payment due", "Please pay until"],
    "date": ["Date", "Issued", "Dated", "Date of issue"], "supplier": ["Supplier", "From", "Vendor", "Seller", "Issued by", "Bill from"],
    "customer": ["Customer", "Bill to", "Client", "To", "Sold to"], "contact": ["Contact", "Contact person", "Attn"],
    "VAT": ["VAT", "Tax", "Sales tax"], "quantity": ["Quantity", "Qty", "Pieces"], "item": ["Item", "Article", "Goods"],
}
_QUESTIONS = {
    "due date": "{when {is it due|do I have to pay|must it be paid|do we have to pay it|is the payment due}|by when must {I|we} pay|what is the deadline for payment|payable when}{?|?|}",
    "total": "{how much {is it|do we owe|do I have to pay|must we pay}|what does it come to|what is the sum|how much in total|what do we have to pay}{?|?|}",
    "supplier": "{who {sent it|sent this|is it from|is the vendor|is the seller|wants the money|issued it}|which company {sent|issued} {it|this}|!name the supplier}{?|.||}",
    "invoice number": "{what number {is on it|does it have}|which invoice is this|bill number|invoice no|invoice #}{?|?|}",
    "customer": "{who is it for|who is the client|who {bought|ordered} it|to whom is it addressed}{?|?|}",
    "date": "{when was it {issued|written|sent}|what date is on it|from when is it}{?|?|}",
    "VAT": "{how much {tax|VAT} is {it|in it|there}|what is the tax|tax amount}{?|?|}",
    "quantity": "{how many are there|how many pieces|how many}{?|?|}", "item": "{what was ordered|what is it about|which article}{?|?|}",
    "delivery date": "{when does it arrive|when will it be delivered}{?|?|}", "notice period": "{how long is the notice|how can we get out of it|how can it be ended}{?|?|}",
    "email": "{how can I reach them by email|what is the mail address}{?|?|}", "contact": "{whom can I {call|ask}|who is responsible there}{?|?|}",
    "name": "{who is it about|whose CV is this|who applied}{?|?|}", "employer": "{where does the person work|who is the current employer}{?|?|}",
    "city": "{where does the person live|which town}{?|?|}", "guest": "{who is staying|who booked}{?|?|}",
}
_GENERIC = (
    "{what is the %f%|what's the %f%|!find the %f%|!give me the %f%|!tell me the %f%|%f%|which %f% {is given|do you see|is on it}|I need the %f%|"
    "!look for the %f%|can you see the %f%|do you have the %f%|!name the %f%|!extract the %f%|!pull out the %f%|is there a %f%|"
    "could you tell me what the %f% is|I am looking for the %f%|and the %f%|what about the %f%|!show me the %f%|!read out the %f%}{?|.||?}"
)
_LIST = (
    "{!extract {the|all} {fields|key fields|data|key data|details|facts}|!list {the fields|all details|the data|what is on it|the key facts}|"
    "!pull out {the key data|all fields|everything important}|!get the details|what are the key facts|!read it and list the fields|"
    "!fill in the fields|what {is on it|does it say}|!give me all the details|!break it down|!put the facts in a list|what information is there}"
    "{| from this %k%| of this %k%| in this %k%}{.||?|.}"
)
_JSON = "{{!extract|!return|!give me|!output|!convert|!turn} {the fields|this %k%|the data|it|this} {as|in|into|to} JSON|JSON please|as JSON|I need JSON}{.||?|.}"
_PHRASES = {
    "invoice number": "{our {invoice|bill} %v%|invoice number %v%|bill %v%}", "supplier": "{from %v%|sent by %v%|issued by %v%}",
    "customer": "{for %v%|addressed to %v%}", "date": "{dated %v%|issued on %v%|of %v%}", "due date": "{due on %v%|payable by %v%|to be paid by %v%}",
    "total": "{over %v% in total|comes to %v%|with a total of %v%|amounts to %v%}", "VAT": "{including %v% VAT|with %v% of tax}", "contact": "contact is %v%",
}
_NOISE_LINES = ("Thank you for your business.", "Please pay on time.", "Page 1 of 1", "Sent by email.", "Bank transfer only.", "Questions? Call us.")
_ABSENT = ("phone number", "bank account", "delivery address", "discount", "reference", "tax number", "fax number", "colour", "weight",
           "wifi password", "address", "website", "payment method", "signature", "warranty", "opening hours")


def _value(values, kind):
    if kind == "quantity":
        return str(values.rng.randint(1, 900))
    if kind == "phone":
        return values.digits(7)
    if kind == "period":
        return f"{values.rng.randint(2, 90)} {values.pick(['days', 'weeks', 'months', 'years'])}"
    return getattr(values, kind)()


def _record(values):
    kind = values.pick(["invoice", "invoice", *_KINDS])
    names = list(_KINDS[kind])
    kept = names[:1] + values.rng.sample(names[1:], values.rng.randint(2, len(names) - 1))
    if values.chance(0.3):
        values.rng.shuffle(kept)
    return kind, {name: _value(values, _KINDS[kind][name]) for name in kept}


def _render_lines(values, kind, fields):
    separator = values.pick([": ", ": ", ": ", " - ", " = "])
    varied = values.chance(0.5)
    lines = [(values.pick(_LABELS.get(name, [capitalise(name)])) if varied else capitalise(name)) + separator + value for name, value in fields.items()]
    if values.chance(0.3):
        lines.insert(values.rng.randint(0, len(lines)), values.pick(_NOISE_LINES))
    if values.chance(0.35):
        lines.insert(0, values.pick([kind.upper(), capitalise(kind)]))
    return values.pick(["\n", "\n", "\n", "; "]).join(lines)


def _render_prose(values, kind, fields):
    rng = values.rng
    if kind == "invoice":
        start = say(rng, "{We received|Please find|This is to inform you of|Here is|Hello, I am sending|Dear colleague, attached is} ")
        return start + ", ".join(say(rng, _PHRASES[name], v=value) for name, value in fields.items()) + "."
    return " ".join(say(rng, "{The %n% is %v%.|The %n% is %v%.|%N%: %v%.}", n=name, N=capitalise(name), v=value) for name, value in fields.items())


def _question(values, name):
    if name in _QUESTIONS and values.chance(0.5):
        return ask(values.rng, _QUESTIONS[name])
    return ask(values.rng, _GENERIC, f=name)


def _bullets(fields, names):
    return "\n".join(f"- {capitalise(name)}: {fields[name]}" for name in names)


def _two_fields(values, fields):
    names = values.rng.sample(list(fields), 2)
    request = ask(values.rng, "{what are the %f%|!give me the %f%|I need the %f%|!find the %f%|what is the %f%|!tell me the %f%}{.|?||?}", f=join_list(names))
    return request, _bullets(fields, names)


def _field_questions(values, kind, fields):
    absent = [name for name in _KINDS[kind] if name not in fields] + values.rng.sample(_ABSENT, 2)
    asked = values.rng.sample(list(fields), min(len(fields), values.rng.randint(2, 4)))
    if values.chance(0.45):
        asked.insert(values.rng.randint(0, len(asked)), values.pick(absent))
    for name in asked:
        known = f"The {name} is {fields[name]}." if name in fields else f"The text does not give the {name}."
        question = _question(values, name) if name in fields else ask(values.rng, _GENERIC, f=name)
        yield question, known


def extract(character):
    """Fields of a record: single questions, two at once, a full list, or JSON."""
    values = character.values
    rng = values.rng
    kind, fields = _record(values)
    document = (_render_lines if rng.random() < 0.7 else _render_prose)(values, kind, fields)
    chance = rng.random()
    if chance < 0.2:
        turns = [(ask(rng, _LIST, k=kind), _bullets(fields, fields))]
    elif chance < 0.28:
        turns = [(ask(rng, _JSON, k=kind), json.dumps({name.replace(" ", "_"): value for name, value in fields.items()}, ensure_ascii=False))]
    elif chance < 0.36:
        turns = [_two_fields(values, fields)]
    else:
        turns = list(_field_questions(values, kind, fields))
    messages = []
    for request, answer in turns:
        messages += [("user", request if messages else attach(rng, request, document)), ("assistant", answer)]
    return messages
