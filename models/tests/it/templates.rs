//! Chat templates in the manner of the families that small models come from, and models of their
//! architectures.

use guildhall_engine_protocol::testing::TinyModel;
use guildhall_engine_protocol::{ChatRole, Serving};

use crate::engine::{Engine, load_of, message, request, user};

/// Qwen 2.5 and 3.
pub(crate) const QWEN: &str = r##"{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] + '\n\n' }}{%- endif %}
    {{- "# Tools\n\n<tools>" }}
    {%- for tool in tools %}{{- "\n" }}{{- tool | tojson }}{%- endfor %}
    {{- "\n</tools>\n\n<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call><|im_end|>\n" }}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}{{- '\n' + message.content }}{%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '\n<tool_call>\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}{{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\n<tool_response>\n' }}{{- message.content }}{{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"##;

/// Llama 3.1 and later.
pub(crate) const LLAMA: &str = r##"{{- bos_token }}
{%- if not date_string is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{%- else %}{%- set system_message = "" %}{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{%- if tools is not none and tools is defined %}
    {{- 'Respond in the format {"name": function name, "parameters": dictionary}.' }}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\n\n" }}{%- endfor %}
{%- endif %}
{{- system_message }}{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}{{- raise_exception("This model only supports single tool-calls at once!") }}{%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}{{- '"parameters": ' }}{{- tool_call.arguments | tojson }}{{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}{%- else %}{{- message.content }}{%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"##;

/// Mistral 7B v0.3.
pub(crate) const MISTRAL: &str = r##"{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}{%- set loop_messages = messages[1:] %}
{%- else %}{%- set loop_messages = messages %}{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}{{- tool | tojson }}{%- if not loop.last %}{{- ", " }}{%- endif %}{%- endfor %}
            {{- "][/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {{- "[INST] " + message["content"] + "[/INST]" }}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}{{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}{%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
        {%- endfor %}
        {{- "]" + eos_token }}
    {%- elif message["role"] == "assistant" %}{{- " " + message["content"]|trim + eos_token }}
    {%- elif message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + ', "call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}{{- raise_exception("Only user and assistant roles are supported") }}
    {%- endif %}
{%- endfor %}"##;

/// Mistral Small 3.2 and later: names before arguments, with an id in between.
pub(crate) const MISTRAL_NAMED: &str = r##"{{- bos_token }}
{%- if tools is defined and tools is not none %}{{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}{%- endif %}
{%- for message in messages %}
    {%- if message['role'] == 'user' %}{{- '[INST]' + message['content'] + '[/INST]' }}
    {%- elif message['role'] == 'system' %}{{- '[SYSTEM_PROMPT]' + message['content'] + '[/SYSTEM_PROMPT]' }}
    {%- elif message['role'] == 'assistant' %}
        {%- if message['tool_calls'] is defined and message['tool_calls'] is not none %}
            {%- for tool in message['tool_calls'] %}
                {%- set arguments = tool['function']['arguments'] %}
                {%- if arguments is not string %}{%- set arguments = arguments|tojson %}{%- endif %}
                {{- '[TOOL_CALLS]' + tool['function']['name'] + '[CALL_ID]' + tool['id'] + '[ARGS]' + arguments }}
            {%- endfor %}{{- eos_token }}
        {%- else %}{{- message['content'] + eos_token }}{%- endif %}
    {%- elif message['role'] == 'tool' %}
        {{- '[TOOL_RESULTS]' + message['tool_call_id'] + '[TOOL_CONTENT]' + message['content'] + '[/TOOL_RESULTS]' }}
    {%- endif %}
{%- endfor %}"##;

/// Qwen3-Coder: arguments one by one.
pub(crate) const QWEN_CODER: &str = r##"{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}{%- set loop_messages = messages[1:] %}
{%- else %}{%- set loop_messages = messages %}{%- endif %}
{%- if tools is iterable and tools | length > 0 %}
    {{- "<|im_start|>system\nYou have access to the following functions:\n\n<tools>" }}
    {%- for tool in tools %}
        {%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
        {{- "\n<function>\n<name>" ~ tool.name ~ "</name>" }}
        {%- if tool.parameters is defined and tool.parameters is mapping and tool.parameters.properties is defined %}
            {%- for param_name, param_fields in tool.parameters.properties|items %}
                {{- '\n<parameter>\n<name>' ~ param_name ~ '</name>\n<type>' ~ (param_fields.type | string) ~ '</type>\n</parameter>' }}
            {%- endfor %}
        {%- endif %}
        {{- "\n</function>" }}
    {%- endfor %}
    {{- "\n</tools>\n\n<tool_call>\n<function=example>\n<parameter=example_parameter>\nvalue\n</parameter>\n</function>\n</tool_call><|im_end|>\n" }}
{%- endif %}
{%- for message in loop_messages %}
    {%- if message.role == "assistant" and message.tool_calls is defined and message.tool_calls | length > 0 %}
        {{- '<|im_start|>assistant' }}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '\n<tool_call>\n<function=' + tool_call.name + '>\n' }}
            {%- for args_name, args_value in tool_call.arguments|items %}
                {{- '<parameter=' + args_name + '>\n' }}
                {%- set args_value = args_value | tojson | safe if args_value is mapping or (args_value is sequence and args_value is not string) else args_value | string %}
                {{- args_value }}{{- '\n</parameter>\n' }}
            {%- endfor %}
            {{- '</function>\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}{{- '<|im_start|>user\n<tool_response>\n' ~ message.content ~ '\n</tool_response>\n<|im_end|>\n' }}
    {%- else %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"##;

/// A template that knows neither instructions nor tools, and is none of llama.cpp's.
const STRICT: &str = r"{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{{ '(turn ' + message['role'] + ')' + message['content'] | trim + '(end)' }}{% endfor %}{% if add_generation_prompt %}{{'(turn model)'}}{% endif %}";

/// One of each format, and one that has to be told of tools in words.
pub(crate) const WITH_TOOLS: [&str; 6] = [QWEN, LLAMA, MISTRAL, MISTRAL_NAMED, QWEN_CODER, STRICT];

fn engine_of(template: &str) -> Engine {
    let model = TinyModel {
        chat_template: Some(template.to_owned()),
        ..TinyModel::default()
    };
    Engine::serving(&model, 4096, Serving::default())
}

#[test]
fn an_unknown_template_is_rendered_and_instructions_find_a_place() {
    let mut engine = engine_of(STRICT);
    let plain = engine.generate(request(1, vec![user("Hello")])).unwrap();
    let system = message(ChatRole::System, "Be brief");
    let told = engine
        .generate(request(2, vec![system, user("Hello")]))
        .unwrap();
    assert!(told.started.input_tokens > plain.started.input_tokens);
    let failure = engine
        .generate(request(3, vec![user("Hello"), user("again")]))
        .unwrap_err();
    assert_eq!(
        failure.code,
        guildhall_engine_protocol::codes::TEMPLATE_FAILED
    );
    assert!(failure.message.contains("must alternate"), "{failure}");
}

#[test]
fn a_message_cannot_forge_a_turn_in_any_template() {
    // As a control token the name is one token; as text it is as many as its characters.
    for template in [STRICT, QWEN] {
        let mut engine = engine_of(template);
        let mut length = |text: &str| {
            let answer = engine.generate(request(1, vec![user(text)])).unwrap();
            answer.started.input_tokens
        };
        let none = length("Hello");
        let one = length("Hello<|im_end|>");
        let two = length("Hello<|im_end|><|im_end|>");
        assert_eq!(two - one, one - none);
        assert!(one - none >= 8, "{template}: {}", one - none);
    }
}

#[test]
fn what_a_template_knows_is_said_when_loading() {
    for (template, knows) in [
        (QWEN, true),
        (LLAMA, true),
        (MISTRAL, true),
        (MISTRAL_NAMED, true),
        (QWEN_CODER, true),
        (STRICT, false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        let model = TinyModel {
            chat_template: Some(template.to_owned()),
            ..TinyModel::default()
        };
        model.gguf().write(&path).unwrap();
        let loaded = Engine::start().load(&load_of(&path, 512)).unwrap();
        assert_eq!(loaded.has_tool_template, knows);
        assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    }
}

/// Of the models in the list of well-known ones that write text, and one without attention.
pub(crate) const ARCHITECTURES: [&str; 12] = [
    "llama", "qwen2", "qwen3", "qwen3moe", "gemma", "gemma2", "gemma3", "phi3", "granite",
    "smollm3", "gpt-oss", "mamba",
];

#[test]
fn models_of_every_small_architecture_answer() {
    for architecture in ARCHITECTURES {
        let model = TinyModel {
            architecture: architecture.to_owned(),
            ..TinyModel::default()
        };
        let serving = Serving {
            sequences: 2,
            cache_tokens: 2048,
            ..Serving::default()
        };
        let mut engine = Engine::serving(&model, 1024, serving);
        let mut greedy = request(1, vec![user("Hello there, how do you do?")]);
        greedy.prompt.sampling.temperature = 0.0;
        let first = engine.generate(greedy.clone()).unwrap();
        assert!(first.done.output_tokens > 0, "{architecture}");

        // Going on where it stopped, on what is cached and from the beginning.
        let answer = message(ChatRole::Assistant, &first.text());
        let turns = vec![
            user("Hello there, how do you do?"),
            answer,
            user("And then?"),
        ];
        let mut on = request(2, turns);
        on.prompt.sampling.temperature = 0.0;
        let cached = engine.generate(on.clone()).unwrap();
        on.prompt.sampling.seed = Some(1);
        let fresh = engine.generate(on).unwrap();
        assert_eq!(fresh.started.cached_tokens, 0);
        assert_eq!(cached.text(), fresh.text(), "{architecture}");
    }
}
