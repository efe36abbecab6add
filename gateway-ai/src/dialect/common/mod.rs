//! What the codecs share: media, names, ids and the table between effort and budget.

mod address;
mod alternate;
mod counts;
mod data_url;
mod effort;
mod events;
mod found;
mod ids;
mod intake;
mod logprobs;
mod marks;
mod media;
mod missed;
mod names;
mod plan;
mod proof;
mod read;
mod scan;
mod turns;

pub use self::ids::CallIdRule;
pub(super) use self::{
    alternate::{Piece, Rules, Speaker, Turn, arrange},
    counts::{missed_counts, missed_tier, says_nothing},
    data_url::data_url,
    effort::{budget_of_effort, effort_of_budget, nearest_effort},
    events::{EventParser, StreamState},
    found::with_results_for,
    ids::{CallIds, synthetic_call_id},
    logprobs::openai_logprobs,
    marks::tidied,
    media::{fetchable, real_image_type},
    missed::{folded, is_system_text, missed_beside, missed_blank, missed_reasoning},
    names::{NameRules, ToolNames},
    plan::{Plan, Thinking},
    proof::{is_anthropics, is_proven, is_sendable, sealed, tag, tagged, unsealed, untag},
    read::{broken_off, check_policy_keys, read, read_body, read_json, too_deep, unreadable},
    scan::Scan,
    turns::answered_calls,
};
