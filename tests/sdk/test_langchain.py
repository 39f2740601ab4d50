"""LangChain's OpenAI integration, unmodified, against a real node."""

import unittest

import pydantic
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import node

MODEL = "starter"


@tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"21 degrees in {city}"


class Verdict(pydantic.BaseModel):
    """What a structured answer must look like."""

    approved: bool


class LangChain(unittest.TestCase):
    def setUp(self):
        self.node = node.shared()

    def chat(self, model=MODEL, **more):
        options = {"max_tokens": 40, "max_retries": 0, "temperature": 0, **more}
        return ChatOpenAI(base_url=self.node.url + "/v1", api_key=self.node.key, model=model, **options)

    def test_an_answer_with_its_usage(self):
        said = self.chat().invoke("Hello")
        self.assertIsInstance(said, AIMessage)
        self.assertGreater(said.usage_metadata["output_tokens"], 0)

    def test_a_stream(self):
        chat = self.chat(model=self.node.employee, stream_usage=True)
        pieces = list(chat.stream("What should I check before I approve an invoice?"))
        whole = pieces[0]
        for piece in pieces[1:]:
            whole += piece
        self.assertIn("[1]", whole.content)
        self.assertGreater(whole.usage_metadata["output_tokens"], 5)

    def test_a_forced_tool_call_and_its_result(self):
        chat = self.chat(max_tokens=160).bind_tools([get_weather], tool_choice="get_weather")
        said = chat.invoke("Hello")
        call = said.tool_calls[0]
        self.assertEqual(call["name"], "get_weather")
        result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
        after = self.chat().invoke([HumanMessage("Hello"), said, result])
        self.assertIsInstance(after, AIMessage)

    def test_a_structured_answer(self):
        chat = self.chat(max_tokens=160).with_structured_output(Verdict, method="json_schema")
        self.assertIsInstance(chat.invoke("Hello"), Verdict)

    def test_embeddings(self):
        # The model has a vocabulary of its own, so texts are sent as texts.
        embeddings = OpenAIEmbeddings(
            base_url=self.node.url + "/v1", api_key=self.node.key, model="minilm", check_embedding_ctx_length=False
        )
        self.assertEqual([len(vector) for vector in embeddings.embed_documents(["Hello", "Good evening"])], [384, 384])


if __name__ == "__main__":
    unittest.main()
