use std::sync::OnceLock;

use super::Keeper;
use crate::{
    call::AiCall,
    clients::{Keeping, Profile},
    dialect::Dialect,
    guardian::{self, Guardian},
};

/// What a call brings along for the proofs in its conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    keeper: Option<Keeper>,
    profile: Profile,
    guardian: Option<Guardian>,
    /// The hash of the conversation's beginning, once somebody has asked.
    beginning: OnceLock<Option<u64>>,
}

impl Held {
    /// What is kept, for whoever asks the provider, and who calls.
    pub(crate) fn new(
        (keeper, guardian): (Option<&Keeper>, Option<&Guardian>),
        profile: Profile,
    ) -> Self {
        let keeper = keeper.filter(|_| profile.keeping() != Keeping::Off);
        Self {
            keeper: keeper.cloned(),
            profile,
            guardian: guardian.cloned(),
            beginning: OnceLock::new(),
        }
    }

    /// Who calls; an unknown client where nobody has looked.
    pub(crate) fn profile(call: &AiCall) -> Profile {
        call.held().profile
    }

    /// Who watches over the conversation.
    pub(crate) fn guardian(call: &AiCall) -> Option<&Guardian> {
        call.held().guardian.as_ref()
    }

    /// What all turns of the conversation have in common; `None` where nobody watches over it.
    pub(crate) fn beginning(call: &AiCall) -> Option<u64> {
        let held = call.held();
        held.guardian.as_ref()?;
        let hash = || match call.wire() {
            Some(wire) => guardian::beginning(wire.bytes()),
            None => call.request().ok().map(guardian::beginning_of),
        };
        *held.beginning.get_or_init(hash)
    }

    /// Whether somebody has asked for the beginning: there was a choice.
    pub(crate) fn is_begun(call: &AiCall) -> bool {
        call.held().beginning.get().is_some()
    }

    /// Where this call's proofs are kept, if they are.
    pub(crate) fn keeper(call: &AiCall) -> Option<&Keeper> {
        call.held().keeper.as_ref()
    }

    /// Whether the client brings the proofs of whole thoughts back by itself.
    pub(super) fn carries(call: &AiCall) -> bool {
        // Chat has no field for them that a client would send back.
        Self::profile(call).keeping() == Keeping::InBand && call.dialect() != Dialect::Chat
    }
}
