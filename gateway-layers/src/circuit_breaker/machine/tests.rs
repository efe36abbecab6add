use proptest::prelude::*;

use super::*;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn rules() -> Breaker {
    Breaker::new()
        .min_requests(4)
        .open(secs(5))
        .max_open(secs(20))
}

fn ask(machine: &mut Machine, verdict: Verdict, now: Duration) {
    let ticket = machine.admit(now).unwrap();
    machine.settle(ticket, verdict, now);
}

#[test]
fn a_share_of_failures_opens_it_and_not_before_there_are_enough() {
    let mut machine = Machine::new(rules());
    for _ in 0..3 {
        ask(&mut machine, Verdict::Failure, secs(0));
    }
    assert_eq!(machine.state(), CircuitState::Closed);
    ask(&mut machine, Verdict::Neutral, secs(0));
    assert_eq!(machine.state(), CircuitState::Closed);
    ask(&mut machine, Verdict::Success, secs(0));
    assert_eq!(machine.state(), CircuitState::Open);
    assert_eq!(machine.admit(secs(1)), Err(secs(4)));
}

#[test]
fn failures_that_are_forgotten_do_not_open_it() {
    let mut machine = Machine::new(rules());
    for _ in 0..3 {
        ask(&mut machine, Verdict::Failure, secs(0));
    }
    for second in 11..40 {
        ask(&mut machine, Verdict::Success, secs(second));
    }
    assert_eq!(machine.state(), CircuitState::Closed);
}

#[test]
fn failures_in_a_row_open_it() {
    let mut machine = Machine::new(rules().error_ratio(None).consecutive(3));
    for verdict in [Verdict::Failure, Verdict::Failure, Verdict::Neutral] {
        ask(&mut machine, verdict, secs(0));
    }
    let ticket = machine.admit(secs(0)).unwrap();
    machine.settle(ticket, Verdict::Success, secs(0));
    machine.completed(ticket);
    ask(&mut machine, Verdict::Failure, secs(0));
    ask(&mut machine, Verdict::Failure, secs(0));
    assert_eq!(machine.state(), CircuitState::Closed);
    ask(&mut machine, Verdict::Failure, secs(0));
    assert_eq!(machine.state(), CircuitState::Open);
}

#[test]
fn bodies_that_break_open_it_too() {
    let by_row = rules().error_ratio(None).consecutive(4);
    for rules in [rules().error_ratio(1.0), by_row] {
        let mut machine = Machine::new(rules);
        for _ in 0..4 {
            assert_eq!(machine.state(), CircuitState::Closed);
            let ticket = machine.admit(secs(0)).unwrap();
            machine.settle(ticket, Verdict::Success, secs(0));
            machine.broke(ticket, secs(0));
        }
        assert_eq!(machine.state(), CircuitState::Open);
    }
}

fn opened() -> Machine {
    let mut machine = Machine::new(rules());
    for _ in 0..4 {
        ask(&mut machine, Verdict::Failure, secs(0));
    }
    assert_eq!(machine.state(), CircuitState::Open);
    machine
}

#[test]
fn two_probes_close_it() {
    let mut machine = opened();
    let first = machine.admit(secs(5)).unwrap();
    let second = machine.admit(secs(5)).unwrap();
    assert_eq!(machine.state(), CircuitState::HalfOpen);
    assert!(machine.admit(secs(5)).is_err(), "no third");
    machine.settle(first, Verdict::Success, secs(6));
    assert!(machine.admit(secs(6)).is_err(), "one is still under way");
    machine.settle(second, Verdict::Success, secs(6));
    assert_eq!(machine.state(), CircuitState::Closed);
}

#[test]
fn a_cancelled_probe_frees_its_place_and_counts_neither_way() {
    let mut machine = opened();
    for _ in 0..10 {
        let (one, two) = (machine.admit(secs(5)), machine.admit(secs(5)));
        machine.settle(one.unwrap(), Verdict::Neutral, secs(5));
        machine.settle(two.unwrap(), Verdict::Neutral, secs(5));
        assert_eq!(machine.state(), CircuitState::HalfOpen);
    }
    ask(&mut machine, Verdict::Success, secs(5));
    ask(&mut machine, Verdict::Success, secs(5));
    assert_eq!(machine.state(), CircuitState::Closed);
}

#[test]
fn the_time_it_is_open_doubles_up_to_its_bound_and_starts_over() {
    let mut machine = opened();
    let mut now = secs(0);
    for expected in [5, 10, 20, 20] {
        assert_eq!(machine.wait(now), Some(secs(expected)));
        now += secs(expected);
        ask(&mut machine, Verdict::Failure, now);
    }
    now += secs(20);
    ask(&mut machine, Verdict::Success, now);
    ask(&mut machine, Verdict::Success, now);
    for _ in 0..4 {
        ask(&mut machine, Verdict::Failure, now);
    }
    assert_eq!(machine.wait(now), Some(secs(5)));
}

#[test]
fn late_answers_of_an_earlier_phase_say_nothing() {
    let mut machine = Machine::new(rules());
    let early: Vec<_> = (0..10).map(|_| machine.admit(secs(0)).unwrap()).collect();
    for _ in 0..4 {
        ask(&mut machine, Verdict::Failure, secs(0));
    }
    machine.settle(early[0], Verdict::Success, secs(1));
    assert_eq!(machine.state(), CircuitState::Open);
    let probe = machine.admit(secs(5)).unwrap();
    machine.settle(early[1], Verdict::Success, secs(5));
    machine.settle(early[2], Verdict::Success, secs(5));
    machine.broke(early[3], secs(5));
    assert_eq!(machine.state(), CircuitState::HalfOpen);
    machine.settle(probe, Verdict::Failure, secs(5));
    assert_eq!(machine.state(), CircuitState::Open);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    Settle(Verdict),
    Broke,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Admit),
        2 => Just(Step::Settle(Verdict::Success)),
        2 => Just(Step::Settle(Verdict::Failure)),
        1 => Just(Step::Settle(Verdict::Neutral)),
        1 => Just(Step::Broke),
        2 => (0_u64..8).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever happens: `admit` does what `wait` says, no more probes are under way than allowed,
    /// and once everybody has gone and time has passed, two good answers close it.
    #[test]
    fn it_never_jams(steps in prop::collection::vec(step(), 0..300)) {
        let mut machine = Machine::new(rules().consecutive(3));
        let (mut now, mut held, mut heads) = (secs(0), Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Pass(seconds) => now += secs(seconds),
                Step::Admit => {
                    let wait = machine.wait(now);
                    let admitted = machine.admit(now);
                    prop_assert_eq!(admitted.err(), wait);
                    held.extend(admitted.ok());
                }
                Step::Settle(verdict) => {
                    if let Some(ticket) = held.pop() {
                        machine.settle(ticket, verdict, now);
                        if verdict == Verdict::Success {
                            heads.push(ticket);
                        }
                    }
                }
                Step::Broke => {
                    if let Some(ticket) = heads.pop() {
                        machine.broke(ticket, now);
                    }
                }
            }
            if machine.state() == CircuitState::HalfOpen {
                let probing = held.iter().filter(|ticket| ticket.epoch == machine.epoch());
                prop_assert!(probing.count() <= 2);
            }
        }
        for ticket in held.drain(..) {
            machine.settle(ticket, Verdict::Neutral, now);
        }
        now += secs(20);
        for _ in 0..2 {
            if machine.state() != CircuitState::Closed {
                ask(&mut machine, Verdict::Success, now);
            }
        }
        prop_assert_eq!(machine.state(), CircuitState::Closed);
    }
}
