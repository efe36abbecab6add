use std::sync::OnceLock;

use gateway_core::Outcome;
use http::Extensions;

use super::Keeper;
use crate::{
    call::AiCall,
    clients::{Keeping, Profile},
    dialect::Dialect,
    guardian::{self, Guardian},
};

/// What a call brings along for the proofs in its conversation.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    keeper: Option<Keeper>,
    profile: Profile,
    guardian: Option<Guardian>,
    /// The hash of the conversation's beginning, once somebody has asked.
    beginning: OnceLock<Option<u64>>,
}

impl Held {
    /// Notes who calls, and hands what is kept to whoever asks the provider.
    pub(crate) fn attach(
        (keeper, guardian): (Option<&Keeper>, Option<&Guardian>),
        profile: Profile,
        extensions: &mut Extensions,
    ) {
        let client = profile.client().as_str();
        Outcome::record(extensions, |record| record.client = Some(client));
        let keeper = keeper.filter(|_| profile.keeping() != Keeping::Off);
        extensions.insert(Self {
            keeper: keeper.cloned(),
            profile,
            guardian: guardian.cloned(),
            beginning: OnceLock::new(),
        });
    }

    /// Who calls; an unknown client where nobody has looked.
    pub(crate) fn profile(call: &AiCall) -> Profile {
        let held: Option<&Self> = call.extensions().get();
        held.map_or_else(Profile::default, |held| held.profile)
    }

    /// Who watches over the conversation.
    pub(crate) fn guardian(call: &AiCall) -> Option<&Guardian> {
        call.extensions().get::<Self>()?.guardian.as_ref()
    }

    /// What all turns of the conversation have in common; `None` where nobody watches over it.
    pub(crate) fn beginning(call: &AiCall) -> Option<u64> {
        let held: &Self = call.extensions().get()?;
        held.guardian.as_ref()?;
        let hash = || match call.wire() {
            Some(wire) => guardian::beginning(wire.bytes()),
            None => call.request().ok().map(guardian::beginning_of),
        };
        *held.beginning.get_or_init(hash)
    }

    /// Whether somebody has asked for the beginning: there was a choice.
    pub(crate) fn is_begun(call: &AiCall) -> bool {
        let held: Option<&Self> = call.extensions().get();
        held.is_some_and(|held| held.beginning.get().is_some())
    }

    /// Where this call's proofs are kept, if they are.
    pub(crate) fn keeper(call: &AiCall) -> Option<&Keeper> {
        call.extensions().get::<Self>()?.keeper.as_ref()
    }

    /// Whether the client brings the proofs of whole thoughts back by itself.
    pub(super) fn carries(call: &AiCall) -> bool {
        // Chat has no field for them that a client would send back.
        Self::profile(call).keeping() == Keeping::InBand && call.dialect() != Dialect::Chat
    }
}
