use gateway_core::{Outcome, Usage};
use http::Extensions;

/// Has what a turn has used added to what its connection has, whatever becomes of the turn.
pub(super) struct Tally {
    connection: Option<Outcome>,
    turn: Outcome,
}

impl Tally {
    /// Puts a record of its own into a turn's extensions.
    pub(super) fn of(connection: Option<&Outcome>, turn: &mut Extensions) -> Self {
        let tally = Self {
            connection: connection.cloned(),
            turn: Outcome::new(),
        };
        turn.insert(tally.turn.clone());
        tally
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let Some(connection) = &self.connection else {
            return;
        };
        let turn = self.turn.take();
        connection.update(|record| {
            record.model = turn.model.or(record.model.take());
            record.upstream = turn.upstream.or(record.upstream.take());
            record.error = turn.error.or(record.error.take());
            record.client = turn.client.or(record.client);
            record.prefix_lost = turn.prefix_lost.or(record.prefix_lost.take());
            record.proofs.kept += turn.proofs.kept;
            record.proofs.restored += turn.proofs.restored;
            record.proofs.lost += turn.proofs.lost;
            record.usage = match (record.usage, turn.usage) {
                (Some(sum), Some(more)) => Some(add(sum, &more)),
                (one, other) => one.or(other),
            };
        });
    }
}

fn add(mut sum: Usage, more: &Usage) -> Usage {
    let plus = |sum: &mut Option<u64>, more: Option<u64>| {
        if let Some(more) = more {
            *sum = Some(sum.unwrap_or(0).saturating_add(more));
        }
    };
    plus(&mut sum.input, more.input);
    plus(&mut sum.cached_read, more.cached_read);
    plus(&mut sum.cache_write, more.cache_write);
    plus(&mut sum.output, more.output);
    plus(&mut sum.reasoning, more.reasoning);
    plus(&mut sum.cost_micro_usd, more.cost_micro_usd);
    sum.estimated |= more.estimated;
    sum.disagrees |= more.disagrees;
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_add_up() {
        let connection = Outcome::new();
        for output in [2, 3] {
            let mut extensions = Extensions::new();
            let _tally = Tally::of(Some(&connection), &mut extensions);
            Outcome::record(&extensions, |record| {
                let mut usage = Usage::default();
                (usage.output, usage.cost_micro_usd) = (Some(output), Some(10));
                record.usage = Some(usage);
                record.model = Some("a/b".into());
            });
        }
        let record = connection.take();
        let usage = record.usage.unwrap();
        assert_eq!((usage.output, usage.cost_micro_usd), (Some(5), Some(20)));
        assert_eq!((usage.input, record.model.as_deref()), (None, Some("a/b")));
    }
}
