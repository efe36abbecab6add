use gateway_core::Outcome;
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
            for (model, usage) in &turn.others {
                record.spend(model, usage);
            }
            // What the connection is said to have used is what its last model has.
            if let (Some(before), Some(usage)) = (&record.model, record.usage)
                && turn.model.as_ref().is_some_and(|model| model != before)
            {
                let before = std::sync::Arc::clone(before);
                record.spend(&before, &usage);
                record.usage = None;
            }
            record.model = turn.model.or(record.model.take());
            record.upstream = turn.upstream.or(record.upstream.take());
            record.error = turn.error.or(record.error.take());
            record.client = turn.client.or(record.client);
            record.prefix_lost = turn.prefix_lost.or(record.prefix_lost.take());
            if let Some(lossy) = &turn.lossy {
                record.lose(lossy.names.split(", "));
            }
            record.proofs.kept += turn.proofs.kept;
            record.proofs.restored += turn.proofs.restored;
            record.proofs.lost += turn.proofs.lost;
            record.usage = match (record.usage, turn.usage) {
                (Some(sum), Some(more)) => Some(sum.plus(&more)),
                (one, other) => one.or(other),
            };
        });
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Usage;

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

    #[test]
    fn each_model_has_its_own() {
        let connection = Outcome::new();
        for (model, output) in [("a/b", 2), ("c/d", 3), ("a/b", 4)] {
            let mut extensions = Extensions::new();
            let _tally = Tally::of(Some(&connection), &mut extensions);
            Outcome::record(&extensions, |record| {
                let mut usage = Usage::default();
                usage.output = Some(output);
                record.usage = Some(usage);
                record.model = Some(model.into());
                usage.output = Some(1);
                record.spend(&"e/f".into(), &usage);
            });
        }
        let record = connection.take();
        assert_eq!(record.usage.unwrap().output, Some(4));
        let others = record.others.iter();
        let others: Vec<_> = others
            .map(|(model, usage)| (&**model, usage.output))
            .collect();
        assert_eq!(
            others,
            [("e/f", Some(3)), ("a/b", Some(2)), ("c/d", Some(3))]
        );
    }
}
