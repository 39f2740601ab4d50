"""The checks accept right answers and refuse the near misses that substring checks let through."""
import unittest

import numpy as np

from starter.evaluation.checks import Expectation, invented_words, problems
from starter.training import rate_at


class ChecksTest(unittest.TestCase):
    def test_a_longer_name_is_not_the_name(self):
        expected = Expectation(words=("Solveig",))
        self.assertEqual(problems(expected, "I am Solveig, a buyer.", "You are Solveig, a buyer."), [])
        self.assertTrue(problems(expected, "I am Solveigin, a buyer.", "You are Solveig, a buyer."))

    def test_a_second_value_is_wrong(self):
        expected = Expectation(words=("9038",), absent=("4471",))
        self.assertEqual(problems(expected, "Fitzroy: 9038", "Fitzroy: 9038; Lorelei: 4471"), [])
        self.assertEqual(problems(expected, "9038 or 4471", "Fitzroy: 9038; Lorelei: 4471"), ["contains 4471"])

    def test_invented_names_and_numbers_are_found(self):
        self.assertEqual(invented_words("- Marek owes 30 euros to Gustav", "Marek owes 20 euros"), ["30", "Gustav"])

    def test_a_refusal_is_wrong_where_an_answer_exists(self):
        self.assertEqual(problems(Expectation(), "The text does not say that.", ""), ["refuses"])
        self.assertEqual(problems(Expectation(refuses=True), "It is green.", ""), ["does not refuse"])

    def test_a_tool_call_needs_the_exact_arguments(self):
        expected = Expectation(tool="search", arguments=("forklift insurance",))
        self.assertEqual(problems(expected, '{"tool":"search","arguments":{"query":"forklift insurance"}}', ""), [])
        self.assertTrue(problems(expected, '{"tool":"search","arguments":{"query":"forklift"}}', ""))
        self.assertEqual(problems(expected, "forklift insurance", ""), ["not JSON"])

    def test_an_email_needs_subject_addressee_and_signature(self):
        expected = Expectation(mail_to="Casper", signed="Dmitri")
        self.assertEqual(problems(expected, "Subject: Map\n\nDear Casper,\n\nHere it is.\n\nKind regards,\nDmitri", "Casper Dmitri Map"), [])
        self.assertEqual(len(problems(expected, "Hello Caspar", "Casper Dmitri")), 4)


class ScheduleTest(unittest.TestCase):
    def test_the_rate_warms_up_and_ends_near_zero(self):
        self.assertLess(rate_at(0, 1600), 0.05)
        self.assertEqual(rate_at(500, 1600), 1.0)
        self.assertLessEqual(rate_at(1600, 1600), 0.01)


class ExportTest(unittest.TestCase):
    def test_the_rotary_permutation_pairs_the_two_halves(self):
        from starter.export import interleave_rotary

        rows = np.arange(8)[:, None].repeat(2, 1)
        self.assertEqual(interleave_rotary(rows, 2)[:, 0].tolist(), [0, 2, 1, 3, 4, 6, 5, 7])


if __name__ == "__main__":
    unittest.main()
