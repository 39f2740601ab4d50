"""OpenAI's official client, unmodified, against a real node."""

import asyncio
import json
import unittest
from typing import Literal

import openai
import pydantic

import node

MODEL = "starter"
HELLO = [{"role": "user", "content": "Hello, who are you?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 12}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Verdict(pydantic.BaseModel):
    """What a structured answer must look like."""

    approved: bool
    grade: Literal["good", "poor"]


class Case(unittest.TestCase):
    """A test with a client of the shared node."""

    def setUp(self):
        self.node = node.shared()
        self.client = openai.OpenAI(base_url=self.node.url + "/v1", api_key=self.node.key, max_retries=0)
        self.addCleanup(self.client.close)


class ChatCompletions(Case):
    def test_a_whole_answer(self):
        said = self.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8)
        self.assertEqual((said.object, said.model), ("chat.completion", MODEL))
        self.assertIsInstance(said.choices[0].message.content, str)
        self.assertIn(said.choices[0].finish_reason, ("stop", "length"))
        self.assertEqual(said.usage.total_tokens, said.usage.prompt_tokens + said.usage.completion_tokens)
        self.assertGreater(said.usage.prompt_tokens, 0)

    def test_a_stream_says_the_same_and_ends_with_its_usage(self):
        asked = {"model": MODEL, "messages": HELLO, "max_tokens": 12, "temperature": 0}
        whole = self.client.chat.completions.create(**asked)
        options = {"include_usage": True}
        chunks = list(self.client.chat.completions.create(**asked, stream=True, stream_options=options))
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        self.assertEqual("".join(pieces), whole.choices[0].message.content)
        self.assertGreater(len(pieces), 2)
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage.completion_tokens, whole.usage.completion_tokens)
        self.assertTrue(all(chunk.usage is None for chunk in chunks[:-1]))

    def test_several_answers(self):
        said = self.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=4, n=3)
        self.assertEqual([choice.index for choice in said.choices], [0, 1, 2])

    def test_a_seed_repeats_an_answer(self):
        asked = {"model": MODEL, "messages": HELLO, "max_tokens": 12, "temperature": 1, "seed": 5}
        first, second = (self.client.chat.completions.create(**asked) for _ in range(2))
        self.assertEqual(first.choices[0].message.content, second.choices[0].message.content)

    def test_a_stop_text_ends_the_answer_and_is_not_in_it(self):
        asked = {"model": MODEL, "messages": HELLO, "max_tokens": 16, "temperature": 0}
        whole = self.client.chat.completions.create(**asked).choices[0].message.content
        stop = whole.split()[1]
        cut = self.client.chat.completions.create(**asked, stop=[stop]).choices[0]
        self.assertNotIn(stop, cut.message.content)
        self.assertEqual(cut.finish_reason, "stop")

    def test_logprobs(self):
        said = self.client.chat.completions.create(
            model=MODEL, messages=HELLO, max_tokens=4, logprobs=True, top_logprobs=3
        )
        scores = said.choices[0].logprobs.content
        self.assertEqual(len(scores), said.usage.completion_tokens)
        for score in scores:
            self.assertLessEqual(score.logprob, 0)
            self.assertEqual(len(score.top_logprobs), 3)
            self.assertEqual(bytes(score.bytes).decode("utf-8", "replace"), score.token)

    def test_a_forced_tool_call_and_its_result(self):
        said = self.client.chat.completions.create(
            model=MODEL,
            messages=HELLO,
            max_tokens=160,
            temperature=0,
            tools=[WEATHER],
            tool_choice={"type": "function", "function": {"name": "get_weather"}},
        )
        choice = said.choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        call = choice.message.tool_calls[0]
        self.assertEqual((call.type, call.function.name), ("function", "get_weather"))
        self.assertIsInstance(json.loads(call.function.arguments)["city"], str)
        result = {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 21}'}
        after = self.client.chat.completions.create(
            model=MODEL, messages=[*HELLO, choice.message, result], max_tokens=8, tools=[WEATHER], tool_choice="none"
        )
        self.assertIsInstance(after.choices[0].message.content, str)

    def test_a_streamed_tool_call(self):
        stream = self.client.chat.completions.create(
            model=MODEL, messages=HELLO, max_tokens=160, temperature=0, tools=[WEATHER], tool_choice="required", stream=True
        )
        name, arguments, finish = "", "", None
        for chunk in stream:
            for choice in chunk.choices:
                for call in choice.delta.tool_calls or []:
                    name += call.function.name or ""
                    arguments += call.function.arguments or ""
                finish = choice.finish_reason or finish
        self.assertEqual((name, finish), ("get_weather", "tool_calls"))
        self.assertIn("city", json.loads(arguments))

    def test_any_json(self):
        said = self.client.chat.completions.create(
            model=MODEL, messages=HELLO, max_tokens=120, response_format={"type": "json_object"}
        )
        choice = said.choices[0]
        self.assertEqual(choice.message.content.lstrip()[:1], "{")
        if choice.finish_reason == "stop":
            self.assertIsInstance(json.loads(choice.message.content), dict)

    def test_json_of_a_schema(self):
        said = self.client.chat.completions.parse(
            model=MODEL, messages=HELLO, max_tokens=120, response_format=Verdict
        )
        self.assertIsInstance(said.choices[0].message.parsed, Verdict)

    def test_an_employee_is_a_model(self):
        question = "What should I check before I approve a supplier invoice?"
        asked = {"model": self.node.employee, "messages": [{"role": "user", "content": question}]}
        whole = self.client.chat.completions.create(**asked).choices[0].message.content
        stream = self.client.chat.completions.create(**asked, stream=True)
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
        self.assertEqual("".join(pieces), whole)
        self.assertIn("[1]", whole)

    def test_who_leaves_a_stream_is_metered(self):
        before = self.node.call("GET", "/api/billing/usage")["totals"]["calls"]
        stream = self.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=400, stream=True)
        next(iter(stream))
        stream.close()
        report = self.node.usage("", lambda found: found["totals"]["calls"] > before)
        self.assertEqual(report["totals"]["calls"], before + 1)
        self.assertIn(report["items"][0]["outcome"], ("cancelled", "complete"))

    def test_the_asynchronous_client(self):
        async def ask():
            async with openai.AsyncOpenAI(base_url=self.node.url + "/v1", api_key=self.node.key) as client:
                calls = (client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=3) for _ in range(4))
                return await asyncio.gather(*calls)

        self.assertEqual(len(asyncio.run(ask())), 4)


class Completions(Case):
    def test_bare_text_is_continued(self):
        said = self.client.completions.create(model=MODEL, prompt=["Hello", "Good"], max_tokens=4, echo=True)
        self.assertEqual(said.object, "text_completion")
        self.assertEqual(len(said.choices), 2)
        self.assertTrue(said.choices[1].text.startswith("Good"))

    def test_as_a_stream(self):
        options = {"include_usage": True}
        stream = self.client.completions.create(
            model=MODEL, prompt="Hello", max_tokens=4, stream=True, stream_options=options
        )
        self.assertGreater(list(stream)[-1].usage.completion_tokens, 0)


class Responses(Case):
    def test_a_whole_response(self):
        said = self.client.responses.create(model=MODEL, input="Hello", instructions="Be brief.", max_output_tokens=16)
        self.assertIn(said.status, ("completed", "incomplete"))
        self.assertIsInstance(said.output_text, str)
        self.assertGreater(said.usage.input_tokens, 0)

    def test_a_stream(self):
        asked = {"model": self.node.employee, "input": "What should I check before I approve an invoice?"}
        with self.client.responses.stream(**asked) as stream:
            text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            final = stream.get_final_response()
        self.assertEqual(final.output_text, text)
        self.assertEqual(final.status, "completed")

    def test_a_forced_tool_call_and_its_result(self):
        tool = {"type": "function", **WEATHER["function"]}
        said = self.client.responses.create(
            model=MODEL, input="Hello", max_output_tokens=160, temperature=0, tools=[tool], tool_choice="required"
        )
        call = said.output[-1]
        self.assertEqual((call.type, call.name), ("function_call", "get_weather"))
        self.assertIn("city", json.loads(call.arguments))
        conversation = [
            {"role": "user", "content": "Hello"},
            {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
            {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"},
        ]
        after = self.client.responses.create(
            model=MODEL, input=conversation, max_output_tokens=16, tools=[tool], tool_choice="none"
        )
        self.assertEqual(after.output[0].type, "message")

    def test_a_streamed_tool_call(self):
        tool = {"type": "function", **WEATHER["function"]}
        asked = {"model": MODEL, "input": "Hello", "max_output_tokens": 160, "temperature": 0}
        with self.client.responses.stream(**asked, tools=[tool], tool_choice="required") as stream:
            final = stream.get_final_response()
        self.assertEqual(final.output[-1].name, "get_weather")

    def test_json_of_a_schema(self):
        said = self.client.responses.parse(model=MODEL, input="Hello", max_output_tokens=120, text_format=Verdict)
        self.assertIsInstance(said.output_parsed, Verdict)

    def test_nothing_is_stored(self):
        for wish in ({"store": True}, {"previous_response_id": "resp_1"}):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.client.responses.create(model=MODEL, input="Hello", **wish)
            self.assertEqual(caught.exception.param, next(iter(wish)))


class Embeddings(Case):
    def test_base64_and_floats_are_the_same(self):
        # Without a format the client asks for base64 and decodes it.
        decoded = self.client.embeddings.create(model="minilm", input=["Hello", "Good evening"])
        floats = self.client.embeddings.create(model="minilm", input="Hello", encoding_format="float")
        self.assertEqual(len(decoded.data), 2)
        for left, right in zip(decoded.data[0].embedding, floats.data[0].embedding):
            self.assertAlmostEqual(left, right, places=5)

    def test_their_tokens_are_counted(self):
        said = self.client.embeddings.create(model="minilm", input="Hello")
        self.assertGreater(said.usage.prompt_tokens, 0)


class Models(Case):
    def test_list_and_retrieve(self):
        listed = {model.id for model in self.client.models.list()}
        self.assertLessEqual({MODEL, "minilm", self.node.employee}, listed)
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)


class Errors(Case):
    def refused(self, kind, **wish):
        asked = {"model": MODEL, "messages": HELLO, "max_tokens": 2, **wish}
        with self.assertRaises(kind) as caught:
            self.client.chat.completions.create(**asked)
        return caught.exception

    def test_each_has_the_clients_own_class(self):
        self.assertEqual(self.refused(openai.NotFoundError, model="gpt-9").code, "model_not_found")
        self.assertEqual(self.refused(openai.BadRequestError, temperature=9).param, "temperature")
        long = [{"role": "user", "content": "word " * 5000}]
        self.assertEqual(self.refused(openai.BadRequestError, messages=long).code, "context_length_exceeded")
        self.assertEqual(
            self.refused(openai.BadRequestError, messages=long, stream=True).code, "context_length_exceeded"
        )

    def test_a_wrong_key(self):
        with openai.OpenAI(base_url=self.node.url + "/v1", api_key="ghk_wrong") as client:
            with self.assertRaises(openai.AuthenticationError) as caught:
                client.models.list()
        self.assertEqual(caught.exception.code, "invalid_api_key")

    def test_an_unknown_address(self):
        with self.assertRaises(openai.NotFoundError):
            self.client.files.list()


class Metrics(Case):
    def test_calls_are_counted(self):
        self.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=2)
        self.node.usage("kind=chat", lambda report: report["totals"]["calls"] > 0)
        text = self.node.text("GET", "/metrics")
        for name in (
            'guildhall_model_calls_total{kind="chat",model="starter",provider="local",outcome="complete"}',
            'guildhall_model_tokens_total{direction="output",model="starter"}',
            'guildhall_model_latency_seconds_bucket{model="starter",outcome="complete",le="0.1"}',
            'guildhall_model_first_token_seconds_count{model="starter"}',
        ):
            self.assertIn(name, text)


if __name__ == "__main__":
    unittest.main()
