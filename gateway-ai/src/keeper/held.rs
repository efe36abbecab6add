use gateway_core::Outcome;
use http::Extensions;

use super::Keeper;
use crate::{
    call::AiCall,
    clients::{Keeping, Profile},
    dialect::Dialect,
};

/// What a call brings along for the proofs in its conversation.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    keeper: Option<Keeper>,
    profile: Profile,
}

impl Held {
    /// Notes who calls, and hands what is kept to whoever asks the provider.
    pub(crate) fn attach(keeper: Option<&Keeper>, profile: Profile, extensions: &mut Extensions) {
        let client = profile.client().as_str();
        Outcome::record(extensions, |record| record.client = Some(client));
        let keeper = keeper.filter(|_| profile.keeping() != Keeping::Off);
        extensions.insert(Self {
            keeper: keeper.cloned(),
            profile,
        });
    }

    /// Who calls; an unknown client where nobody has looked.
    pub(crate) fn profile(call: &AiCall) -> Profile {
        let held: Option<&Self> = call.extensions().get();
        held.map_or_else(Profile::default, |held| held.profile)
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
