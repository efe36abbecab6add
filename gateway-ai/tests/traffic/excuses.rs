//! What is no loss although the leaf is gone, and which names account for which fields.

use gateway_ai::loss::Losses;
use serde_json::Value;

use super::leaves::{Held, Leaf, plain};

/// Which body is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Body {
    Request,
    Reply,
}

/// Fields whose values are words of a dialect: they are translated, and compared where what they
/// mean is compared.
const WORDS: &[&str] = &[
    "type",
    "role",
    "object",
    "finishreason",
    "stopreason",
    "format",
    "mimetype",
    "mediatype",
    "toolchoice",
    "mode",
    "responsemimetype",
    "modality",
];

/// A value that says what is so anyway.
const DEFAULTS: &[(&str, &str)] = &[
    ("n", "1"),
    ("candidatecount", "1"),
    ("paralleltoolcalls", "true"),
    ("logprobs", "false"),
    ("responselogprobs", "false"),
    ("toplogprobs", "0"),
    ("frequencypenalty", "0.0"),
    ("presencepenalty", "0.0"),
    ("frequencypenalty", "0"),
    ("presencepenalty", "0"),
    ("functioncall", "\"auto\""),
    ("detail", "\"auto\""),
    ("iserror", "false"),
    ("thought", "false"),
    ("includethoughts", "false"),
    ("status", "\"success\""),
    ("status", "\"completed\""),
    ("phase", "\"final_answer\""),
    ("truncation", "\"disabled\""),
    ("background", "false"),
    ("store", "false"),
    ("strict", "false"),
    ("closed", "true"),
    ("thinkingbudget", "0"),
    ("status", "\"incomplete\""),
    ("display", "\"summarized\""),
    ("summary", "\"auto\""),
    // Signatures and encrypted reasoning come unasked elsewhere.
    ("include", "\"reasoning.encrypted_content\""),
    ("servicetier", "\"auto\""),
    ("servicetier", "\"default\""),
    ("servicetier", "\"standard\""),
    ("servicetier", "\"on_demand\""),
    ("traffictype", "\"ON_DEMAND\""),
];

/// Fields that are delivery, identity or a place in a list: there is nothing in them to lose.
const DERIVED: &[&str] = &[
    // How the answer is delivered and to which model is said in the URL elsewhere.
    "model",
    "stream",
    "includeusage",
    // The name of an answer or an item, which its dialect alone can ask for.
    "id",
    "responseid",
    "itemid",
    "modelversion",
    "index",
    // Ids of calls are respelled where the target takes fewer letters; a call and its result keep
    // together, which is compared elsewhere.
    "callid",
    "tooluseid",
    "toolcallid",
    // When an answer was made.
    "created",
    "createdat",
    "completedat",
    // How long the provider took is no part of the answer.
    "latencyms",
];

/// Fields that are another field elsewhere, with a value of its own.
const TRANSLATED: &[(&str, &[&str])] = &[
    ("effort", THINKING),
    ("reasoningeffort", THINKING),
    ("maxreasoningeffort", THINKING),
    ("enabled", THINKING),
    ("thinkingbudget", THINKING),
    ("thinkinglevel", THINKING),
    ("budgettokens", THINKING),
    ("reasoningconfig", THINKING),
    ("includethoughts", THINKING),
    (
        "thought",
        &[
            "reasoningcontent",
            "thinking",
            "summary",
            "content",
            "reasoningdetails",
        ],
    ),
    ("logprobs", &["responselogprobs", "include", "logprobs"]),
    ("responselogprobs", &["logprobs", "include"]),
    ("include", &["logprobs", "responselogprobs", "reasoning"]),
    ("paralleltoolcalls", &["disableparalleltooluse"]),
    ("disableparalleltooluse", &["paralleltoolcalls"]),
    ("servicetier", &["servicetier"]),
    // Schemas bind wherever they are taken at all.
    (
        "strict",
        &[
            "schema",
            "responsejsonschema",
            "responseschema",
            "jsonschema",
            "strict",
        ],
    ),
    // Arithmetic: what is counted together and what apart differs.
    ("prompttokens", COUNTED),
    ("completiontokens", COUNTED),
    ("totaltokens", COUNTED),
    ("inputtokens", COUNTED),
    ("outputtokens", COUNTED),
    ("prompttokencount", COUNTED),
    ("candidatestokencount", COUNTED),
    ("totaltokencount", COUNTED),
    ("tooluseprompttokencount", COUNTED),
    ("cachedtokens", COUNTED),
    ("texttokens", COUNTED),
    ("tokencount", COUNTED),
    ("reasoningtokens", &["thoughtstokencount"]),
    ("exclude", THINKING),
    ("display", &["includethoughts", "summary"]),
    ("summary", &["includethoughts", "display"]),
    (
        "generatesummary",
        &["includethoughts", "display", "summary"],
    ),
    ("promptcachemisstokens", COUNTED),
    ("cachewritetokens", COUNTED),
    ("ephemeral5minputtokens", COUNTED),
    (
        "ttl",
        &[
            "cachedetails",
            "cachecreation",
            "prompttokensdetails",
            "cachewritetokens",
            "cachewriteinputtokens",
            "cachecreationinputtokens",
            "cachewritetokens",
        ],
    ),
];

const THINKING: &[&str] = &[
    "thinking",
    "thinkingconfig",
    "reasoning",
    "reasoningeffort",
    "additionalmodelrequestfields",
    "outputconfig",
];

const COUNTED: &[&str] = &["usage", "usagemetadata"];

/// Beginnings of loss names, and the fields they account for.
const NAMES: &[(&str, &[&str])] = &[
    (
        "thinking",
        &[
            "reasoning",
            "reasoningcontent",
            "reasoningdetails",
            "encryptedcontent",
            "thoughtsignature",
            "<reasoning>",
            "<thinking>",
            "<redacted_thinking>",
        ],
    ),
    (
        "redacted_thinking",
        &[
            "reasoningdetails",
            "reasoningcontent",
            "<redacted_thinking>",
            "<reasoning>",
        ],
    ),
    (
        "reasoning",
        &[
            "reasoning",
            "reasoningeffort",
            "thinking",
            "thinkingconfig",
            "reasoningconfig",
            "effort",
        ],
    ),
    ("tool_call.signature", &["thoughtsignature"]),
    ("text.signature", &["thoughtsignature"]),
    (
        "logprobs",
        &["logprobsresult", "responselogprobs", "include"],
    ),
    ("usage.input_", &["audiotokens", "imagetokens"]),
    ("content.", &["thoughtsignature"]),
    // Where no tool is left, nothing is left to configure.
    ("tools.", &["toolconfig"]),
    ("tool_choice", &["tools", "toolchoice", "toolconfig"]),
    (
        "text.citations",
        &[
            "annotations",
            "citations",
            "groundingmetadata",
            "citationmetadata",
            "citationscontent",
        ],
    ),
    ("cache_control", &["cachecontrol", "cachepoint"]),
    ("stop", &["stop", "stopsequences"]),
    ("user", &["userid"]),
    ("audio", &["audio", "inlinedata"]),
    (
        "usage.cache_write",
        &[
            "ephemeral1hinputtokens",
            "cachedetails",
            "cachewriteinputtokencount",
            "cachewriteinputtokens",
            "cachecreationinputtokens",
        ],
    ),
    (
        "usage.reasoning",
        &["reasoningtokens", "thinkingtokens", "thoughtstokencount"],
    ),
    ("document.title", &["filename", "title", "document"]),
    (
        "max_tokens",
        &["maxtokens", "maxcompletiontokens", "maxoutputtokens"],
    ),
];

/// What an answer of the Responses API repeats of the request, and what it says twice.
const REPEATED: &str = "background completed_at frequency_penalty instructions max_output_tokens \
    max_tool_calls metadata parallel_tool_calls presence_penalty previous_response_id prompt_cache_key \
    prompt_cache_options prompt_cache_retention reasoning safety_identifier store temperature text \
    tool_choice tools top_logprobs top_p total_tokens truncation user status incomplete_details";

pub(crate) fn excused(leaf: &Leaf, held: &Held, losses: &Losses, body: Body) -> bool {
    is_nothing(leaf, body) || is_translated(leaf, held) || is_named(leaf, losses)
}

fn is_nothing(leaf: &Leaf, body: Body) -> bool {
    let key = plain(leaf.key());
    if WORDS.contains(&key.as_str()) || DERIVED.contains(&key.as_str()) {
        return true;
    }
    let value = leaf.value.to_string();
    let is_usual = DEFAULTS.contains(&(&key, &value)) || value == "\"\"";
    let first = leaf.path.iter().find(|word| !word.starts_with('<'));
    let repeated = |first: &String| {
        let is_text = first == "reasoning" && leaf.path.len() == 1;
        !is_text && REPEATED.split_whitespace().any(|word| word == first)
    };
    let of_responses = body == Body::Reply && first.is_some_and(repeated);
    is_usual || of_responses || (body == Body::Reply && is_none(&leaf.value))
}

fn is_translated(leaf: &Leaf, held: &Held) -> bool {
    let key = plain(leaf.key());
    // The name of a schema is a word of OpenAI's protocol and nothing a model is told.
    let of_schema = leaf.path.iter().any(|word| {
        matches!(
            word.as_str(),
            "json_schema" | "jsonSchema" | "<json_schema>"
        )
    });
    if key == "name" && of_schema && !leaf.place().contains("schema.properties") {
        return true;
    }
    let found = TRANSLATED.iter().filter(|(word, _)| *word == key);
    found
        .flat_map(|(_, keys)| *keys)
        .any(|key| held.has_key(key))
}

/// Whether a loss names a field on the way to the leaf, or the kind of an object there.
fn is_named(leaf: &Leaf, losses: &Losses) -> bool {
    let on_the_way = |word: &str| {
        leaf.path.iter().any(|part| {
            if word.starts_with('<') {
                part == word
            } else {
                plain(part) == plain(word)
            }
        })
    };
    losses.iter().any(|loss| {
        let last = loss.rsplit('.').next().unwrap_or(loss);
        let names = NAMES.iter().filter(|(start, _)| loss.starts_with(start));
        loss == "..."
            || on_the_way(last)
            || names
                .flat_map(|(_, words)| *words)
                .any(|word| on_the_way(word))
    })
}

/// A count of none, a switch that is off: in an answer there is nothing in them to lose.
fn is_none(value: &Value) -> bool {
    value.as_f64() == Some(0.0) || value == &Value::Bool(false)
}
