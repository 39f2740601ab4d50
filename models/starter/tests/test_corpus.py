"""The corpus is deterministic, truthful to its own documents, and separate from the held-out prompts."""
import json
import random
import re
import unittest

from starter import corpus
from starter.corpus import lookup, passages, persona, records, tools, words
from starter.corpus.character import Character
from starter.evaluation import prompts

SAMPLES = 4000


def _chats(seed=7, count=SAMPLES):
    rng = random.Random(seed)
    return [corpus.sample(rng) for _ in range(count)]


class CorpusTest(unittest.TestCase):
    def test_the_same_seed_draws_the_same_chats(self):
        self.assertEqual(_chats(count=50), _chats(count=50))
        self.assertNotEqual(_chats(count=50), _chats(seed=8, count=50))

    def test_no_slot_or_alternative_is_left_open(self):
        for messages in _chats():
            text = corpus.render(messages)
            self.assertIsNone(re.search(r"%[a-zA-Z]\w*%|\{[a-z ]*\|", text), text)

    def test_roles_alternate_and_the_answer_comes_last(self):
        for messages in _chats(count=1000):
            self.assertEqual(messages[0][0], "system")
            self.assertEqual([role for role, _ in messages[1:]], ["user", "assistant"] * (len(messages) // 2))

    def test_quoted_passages_stand_word_for_word_in_the_document(self):
        rng = random.Random(3)
        silent = 0
        for _ in range(500):
            messages = passages.answer_questions(Character(rng))
            for role, text in messages:
                if role == "assistant" and text != passages.SILENT:
                    self.assertIn(text.strip('"'), messages[0][1])
                silent += text == passages.SILENT
        self.assertTrue(100 < silent < 500, silent)

    def test_looked_up_lines_stand_in_the_list_or_are_denied(self):
        rng = random.Random(4)
        for _ in range(500):
            messages = lookup.lookup(Character(rng))
            for role, text in messages:
                if role == "assistant":
                    self.assertTrue(text in messages[0][1] or text.endswith("is not in the list."), messages)

    def test_extracted_values_stand_in_the_document(self):
        rng = random.Random(5)
        for _ in range(500):
            messages = records.extract(Character(rng))
            for role, text in messages:
                if role == "assistant" and text.startswith("- "):
                    for line in text.splitlines():
                        self.assertIn(line.split(": ", 1)[1], messages[0][1])

    def test_tool_calls_are_json_with_copied_arguments(self):
        rng = random.Random(6)
        for task in (tools.create_task, tools.create_event, tools.search):
            for _ in range(200):
                (_, request), (_, answer) = task(Character(rng))
                for value in json.loads(answer)["arguments"].values():
                    self.assertIn(value.lower(), request.lower())

    def test_a_wrong_name_is_denied_with_the_right_one(self):
        rng = random.Random(9)
        answers = set()
        for _ in range(200):
            character = Character(rng)
            (_, request), (_, answer) = persona.is_your_name(character)
            answers.add(answer.split(".")[0])
            self.assertIn(character.name, answer)
            self.assertEqual(answer.startswith("Yes"), character.name.lower() in request.lower(), (request, answer))
        self.assertEqual(answers, {"Yes", "No"})


class SeparationTest(unittest.TestCase):
    def test_no_held_out_turn_is_ever_generated(self):
        held_out = {turn.lower() for prompt in prompts.load() for turn in prompt.turns}
        drawn = {text.lower() for messages in _chats(seed=11, count=20000) for role, text in messages if role == "user"}
        self.assertEqual(held_out & drawn, set())

    def test_held_out_names_are_in_no_pool(self):
        names = {re.match(r"You are (\w+)", system).group(1) for system in prompts.SYSTEMS.values()}
        self.assertEqual(names & set(words.FIRST_NAMES), set())

    def test_there_are_at_least_75_prompts_and_all_have_a_check(self):
        loaded = prompts.load()
        self.assertGreaterEqual(len(loaded), 75)
        for prompt in loaded:
            self.assertNotEqual(prompt.expected, type(prompt.expected)(), prompt)


if __name__ == "__main__":
    unittest.main()
