"""Synonyms and filler words that are mixed into every request, so that no intent hangs on one wording."""
import random
import re

_SYNONYMS = {
    "what is": "what would be|what might be|what's|whats", "what are": "which are|what would be", "who is": "who's|who would be|whos", "how much": "what amount|how many|what sum",
    "give me": "let me have|get me|hand me|show me|provide|I want", "tell me": "let me know|inform me|say|explain to me|report", "find": "locate|spot|pick out|search out|dig out|identify",
    "list": "enumerate|note|lay out|name|set out", "summarise": "recap|sum up|outline|abridge|wrap up", "summary": "recap|overview|outline|digest", "extract": "take out|read out|collect|capture|fetch",
    "write": "compose|draft|create|make|type|phrase", "draft": "write|sketch|compose|make", "email": "e-mail|mail|message|note", "cheapest": "least expensive|lowest priced|most affordable|best value",
    "cheaper": "less expensive|lower priced|more affordable", "most expensive": "priciest|costliest|highest priced", "choose": "select|take|prefer|go for", "supplier": "vendor|seller|company|firm",
    "offer": "proposal|quote|bid", "offers": "proposals|quotes|bids", "price": "cost|rate", "classify": "label|assign|sort|rate|judge", "ticket": "request|case|message|issue", "urgent": "pressing|time-critical|important",
    "help": "assist|support|be useful to", "do for me": "do here|take off my desk|help with", "skills": "abilities|strengths|talents|competences", "work": "business|duty|field|job", "job": "position|task|post|profession|occupation",
    "name": "first name|full name|names", "role": "position|title|part|post", "create": "make|open|start|enter|set", "task": "to-do|job|item|entry|reminder", "add": "enter|put down|insert|record", "search": "look|hunt|check",
    "documents": "files|papers|records|texts", "meeting": "appointment|session|get-together|call", "schedule": "fix|set|organise|enter", "must": "should|need to|have to|ought to", "allowed": "permitted|okay|fine|possible",
    "long": "many days|much time", "may i": "am I allowed to|is it okay to|could I", "can i": "am I able to|is it possible to|might I", "where": "at which place|where exactly", "when": "on what date|at what time|when exactly",
    "who": "which person|who exactly", "repeat": "reproduce|return|restate|parrot", "copy": "reproduce|duplicate|clone|restate", "remember": "keep|store|memorise|retain", "remind me": "nudge me|alert me|ping me",
    "decided": "settled|resolved|concluded|chosen", "tasks": "duties|assignments|chores|jobs", "points": "facts|aspects|items|takeaways", "text": "passage|document|wording|page", "look at": "check|view|consider|examine",
    "due": "payable|owed|expected", "pay": "settle|transfer the money|hand over", "report": "announce|notify|flag", "approve": "authorise|okay|allow|permit", "approves": "authorises|okays|permits", "lose": "misplace|mislay",
    "contact": "contact person|go-to person", "responsible": "accountable|in charge|answerable", "change": "alter|switch|correct|move", "sum": "total|addition", "cells": "fields|boxes", "highest": "top|greatest", "lowest": "bottom|least",
    "fields": "values|entries|items|attributes", "details": "particulars|specifics|information|data", "check": "verify|go over|inspect", "need": "want|require|would like|am after", "say": "state|mention|note", "says": "states|mentions",
}
_FILLERS = (
    "actually", "maybe", "just", "perhaps", "again", "then", "really", "somehow", "by chance", "if possible", "right now", "today", "at the moment", "quickly", "once more", "in the end", "for a change", "honestly", "in general",
    "as always", "for sure", "at all", "once and for all", "all in all", "first of all", "for the record", "as far as you see", "when you can", "in your words", "carefully", "in fact", "by the way", "this time", "after all", "indeed",
    "basically", "roughly", "precisely", "simply", "now then", "dear colleague", "my friend", "mate", "if you please", "one more time", "lol", "hmm", "erm", "well", "you know", "I wonder", "say", "tell me", "excuse me", "sorry",
)
_PATTERN = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _SYNONYMS), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_CHOICES = {phrase: choices.split("|") for phrase, choices in _SYNONYMS.items()}


def reword(rng: random.Random, text: str, share: float) -> str:
    """Replaces known phrases by a synonym, each with the probability `share`."""
    def replace(match):
        if rng.random() > share:
            return match.group()
        chosen = rng.choice(_CHOICES[match.group().lower()])
        return chosen[:1].upper() + chosen[1:] if match.group()[0].isupper() else chosen

    return _PATTERN.sub(replace, text)


def add_filler(rng: random.Random, text: str) -> str:
    """Puts one filler at the start, at the end or before a word of the request."""
    filler = rng.choice(_FILLERS)
    place = rng.random()
    if place < 0.3:
        return filler.capitalize() + rng.choice([", ", " "]) + text[:1].lower() + text[1:]
    if place < 0.65 and not text.endswith("%"):
        ending = text[-1] if text[-1:] in ".?!:" else ""
        return text.removesuffix(ending) + rng.choice([", ", " "]) + filler + ending
    words = text.split(" ")
    position = rng.randint(1, max(1, len(words) - 1))
    if words[position - 1][-1:] in ":-%":
        return text
    return " ".join([*words[:position], filler, *words[position:]])
