"""Anthropic's official client, unmodified, against a real node."""

import unittest

import anthropic

import node

MODEL = "starter"
HELLO = [{"role": "user", "content": "Hello, who are you?"}]
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
VERDICT = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
    "additionalProperties": False,
}


class Messages(unittest.TestCase):
    def setUp(self):
        self.node = node.shared()
        self.client = anthropic.Anthropic(base_url=self.node.url, api_key=self.node.key, max_retries=0)
        self.addCleanup(self.client.close)

    def test_a_whole_answer(self):
        said = self.client.messages.create(model=MODEL, max_tokens=8, messages=HELLO, system="Be brief.")
        self.assertEqual((said.type, said.role, said.model), ("message", "assistant", MODEL))
        self.assertEqual(said.content[0].type, "text")
        self.assertIn(said.stop_reason, ("end_turn", "max_tokens"))
        usage = said.usage
        self.assertGreater(usage.input_tokens + usage.cache_read_input_tokens, 0)
        self.assertGreater(usage.output_tokens, 0)

    def test_a_stream(self):
        question = [{"role": "user", "content": "What should I check before I approve an invoice?"}]
        with self.client.messages.stream(model=self.node.employee, max_tokens=500, messages=question) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(final.content[0].text, text)
        self.assertIn("[1]", text)
        self.assertEqual(final.stop_reason, "end_turn")
        self.assertGreater(final.usage.output_tokens, 5)

    def test_a_streamed_model(self):
        with self.client.messages.stream(model=MODEL, max_tokens=8, messages=HELLO) as stream:
            names = [event.type for event in stream]
            final = stream.get_final_message()
        self.assertEqual((names[0], names[-1]), ("message_start", "message_stop"))
        self.assertIn(final.stop_reason, ("end_turn", "max_tokens"))

    def test_a_stop_sequence_that_is_met_is_named(self):
        asked = {"model": MODEL, "max_tokens": 60, "messages": HELLO, "extra_body": {"temperature": 0}}
        whole = self.client.messages.create(**asked)
        self.assertIn(whole.stop_reason, ("end_turn", "max_tokens"))
        self.assertIsNone(whole.stop_sequence)
        word = whole.content[0].text.split()[2]
        stops = ["nobody says this", word]
        cut = self.client.messages.create(**asked, stop_sequences=stops)
        self.assertEqual((cut.stop_reason, cut.stop_sequence), ("stop_sequence", word))
        self.assertNotIn(word, cut.content[0].text)
        with self.client.messages.stream(**asked, stop_sequences=stops) as stream:
            final = stream.get_final_message()
        self.assertEqual((final.stop_reason, final.stop_sequence), ("stop_sequence", word))

    def test_a_forced_tool_call_and_its_result(self):
        said = self.client.messages.create(
            model=MODEL, max_tokens=160, messages=HELLO, tools=[WEATHER], tool_choice={"type": "any"}, extra_body={"temperature": 0}
        )
        self.assertEqual(said.stop_reason, "tool_use")
        call = said.content[-1]
        self.assertEqual((call.type, call.name), ("tool_use", "get_weather"))
        self.assertIsInstance(call.input["city"], str)
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "21 degrees"}]}
        conversation = [
            *HELLO,
            {"role": "assistant", "content": said.content},
            {"role": "user", "content": [result, {"type": "text", "text": "Thanks"}]},
        ]
        after = self.client.messages.create(
            model=MODEL, max_tokens=8, messages=conversation, tools=[WEATHER], tool_choice={"type": "none"}
        )
        self.assertEqual(after.content[0].type, "text")

    def test_a_streamed_tool_call(self):
        choice = {"type": "tool", "name": "get_weather"}
        asked = {"model": MODEL, "max_tokens": 80, "messages": HELLO}
        with self.client.messages.stream(**asked, tools=[WEATHER], tool_choice=choice) as stream:
            final = stream.get_final_message()
        self.assertIn("city", final.content[-1].input)

    def test_json_of_a_schema(self):
        said = self.client.messages.create(
            model=MODEL,
            max_tokens=60,
            messages=HELLO,
            output_config={"format": {"type": "json_schema", "schema": VERDICT}},
        )
        self.assertIn('"approved"', said.content[0].text)

    def test_tokens_are_counted(self):
        asked = {"model": MODEL, "messages": HELLO}
        counted = self.client.messages.count_tokens(**asked).input_tokens
        usage = self.client.messages.create(**asked, max_tokens=2).usage
        self.assertEqual(counted, usage.input_tokens + usage.cache_read_input_tokens)
        self.assertGreater(self.client.messages.count_tokens(**asked, system="Be brief.").input_tokens, counted)

    def test_models_are_listed(self):
        listed = {model.id for model in self.client.models.list()}
        self.assertLessEqual({MODEL, self.node.employee}, listed)
        self.assertEqual(self.client.models.retrieve(MODEL).type, "model")

    def test_a_version_of_the_future_and_a_bare_token_are_taken(self):
        future = {"anthropic-version": "2031-01-01"}
        with anthropic.Anthropic(
            base_url=self.node.url, auth_token=self.node.key, default_headers=future
        ) as client:
            said = client.messages.create(model=MODEL, max_tokens=2, messages=HELLO)
        self.assertEqual(said.type, "message")

    def test_errors_have_the_clients_own_classes(self):
        asked = {"model": MODEL, "max_tokens": 2, "messages": HELLO}
        long = [{"role": "user", "content": "word " * 5000}]
        cases = (
            (anthropic.NotFoundError, {"model": "claude-9"}, "not_found_error"),
            (anthropic.BadRequestError, {"extra_body": {"temperature": 1.5}}, "invalid_request_error"),
            (anthropic.BadRequestError, {"messages": long}, "invalid_request_error"),
            (anthropic.BadRequestError, {"messages": long, "stream": True}, "invalid_request_error"),
        )
        for kind, wish, name in cases:
            with self.assertRaises(kind) as caught:
                self.client.messages.create(**{**asked, **wish})
            self.assertEqual(caught.exception.body["error"]["type"], name)
            self.assertTrue(caught.exception.request_id)
        with anthropic.Anthropic(base_url=self.node.url, api_key="ghk_wrong") as client:
            with self.assertRaises(anthropic.AuthenticationError):
                client.messages.create(**asked)


if __name__ == "__main__":
    unittest.main()
