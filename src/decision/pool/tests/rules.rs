//! The decisions one by one.

use super::super::schedule::Dropped;
use super::*;

#[test]
fn a_job_that_finds_a_worker_free_starts_at_once_and_alone() {
    let mut stage = Stage::new(2);
    for number in 0..2 {
        stage.push(COST_10, 2500).unwrap();
        assert_eq!(stage.taken(number), [u32::try_from(number).unwrap()]);
    }
    assert!(matches!(stage.take(0), Next::Wait(None)));
}

#[test]
fn jobs_that_wait_anyway_run_together_and_never_more_than_the_lanes() {
    let mut stage = Stage::new(1);
    stage.push(COST_10, 2500).unwrap();
    assert_eq!(stage.taken(0), [0]);
    assert_eq!(stage.flood(COST_10, 7), 7);
    assert_eq!(stage.taken(0), [1, 2, 3, 4, 5]);
    assert_eq!(stage.taken(0), [6, 7]);
    // Vector lanes pay from four on.
    assert_eq!(stage.flood(PBKDF2, 11), 11);
    assert_eq!(stage.taken(0), [8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!([stage.taken(0), stage.taken(0), stage.taken(0)], [[16], [17], [18]]);
}

#[test]
fn jobs_that_come_together_are_spread_over_the_workers_that_are_free() {
    let mut stage = Stage::new(2);
    assert_eq!(stage.flood(COST_10, 2), 2);
    assert_eq!([stage.taken(0), stage.taken(1)], [[0], [1]]);
    assert_eq!(stage.flood(COST_10, 5), 5);
    // Both end at the same time.
    stage.schedule.finish(1, None);
    stage.schedule.workers[1].runs = None;
    assert_eq!(stage.taken(0), [2, 3, 4]);
    assert_eq!(stage.taken(1), [5, 6]);
}

#[test]
fn the_first_deadline_goes_first_whatever_its_kind() {
    let mut stage = Stage::new(1);
    stage.flood(COST_10, 1);
    stage.taken(0);
    for (kernel, millis) in
        [(COST_10, 2300), (PBKDF2, 2200), (COST_10, 2400), (PBKDF2, 2100), (COST_10, 2000)]
    {
        stage.push(kernel, millis).unwrap();
    }
    // The last, with its company; then the others.
    assert_eq!(stage.taken(0), [5, 1, 3]);
    assert_eq!([stage.taken(0), stage.taken(0)], [[4], [2]]);
}

#[test]
fn no_more_run_together_than_end_in_time() {
    let mut stage = Stage::new(1);
    stage.push(COST_10, 2500).unwrap();
    stage.taken(0);
    assert_eq!(stage.flood(COST_14, 5), 5);
    // Five take 1408 ms, three 952.
    stage.pass(1300);
    assert_eq!(stage.taken(0), [1, 2, 3]);
}

#[test]
fn more_than_can_be_done_in_time_is_refused_at_once() {
    let mut stage = Stage::new(1);
    stage.flood(COST_10, 1);
    stage.taken(0);
    let taken = stage.flood(COST_10, 1000);
    // Five take 88 ms: 142 could be done in 2.5 s, half is kept for what nobody foresees.
    assert!((60..=75).contains(&taken), "{taken}");
    assert_eq!(stage.push(COST_10, 2500).unwrap_err(), Refused::Late);
    assert_eq!(stage.schedule.waiting, taken);
    // Room comes back as the work is done.
    stage.pass(50);
    assert_eq!(stage.taken(0).len(), 5);
    stage.pass(88);
    assert_eq!(stage.taken(0).len(), 5);
    let more = stage.flood(COST_10, 100);
    assert!((5..=10).contains(&more), "{more}");
}

#[test]
fn a_job_with_an_early_deadline_does_not_make_those_late_that_were_taken() {
    let mut stage = Stage::new(1);
    stage.flood(COST_10, 1);
    stage.taken(0);
    stage.flood(COST_10, 1000);
    let taken = (0..100).filter(|_| stage.push(COST_10, 1000).is_ok()).count();
    assert!(taken < 5, "{taken}");
}

#[test]
fn a_free_worker_takes_a_job_whatever_is_expected() {
    let mut stage = Stage::new(1);
    assert!(stage.push(COST_15, 100).is_ok(), "or an expectation that is wrong could never be put right");
    assert_eq!(stage.taken(0), [0]);
    assert_eq!(stage.push(COST_15, 100).unwrap_err(), Refused::Late);
}

#[test]
fn a_job_whose_turn_comes_too_late_is_told_so_and_does_not_make_the_next_one_late() {
    let mut stage = Stage::new(1);
    stage.push(ALONE, 2500).unwrap();
    stage.taken(0);
    stage.push(ALONE, 2300).unwrap();
    stage.push(ALONE, 2500).unwrap();
    // 400 ms are left to the first: its deadline has not passed, but there is no use in beginning.
    stage.pass(1900);
    assert_eq!(stage.taken(0), [2]);
    let dropped = stage.schedule.take_dropped();
    assert!(matches!(dropped.as_slice(), [(Guest { number: 1, .. }, Dropped::Late)]), "{dropped:?}");
    assert!(stage.schedule.waiting == 0 && stage.schedule.queues.is_empty());
}

#[test]
fn whoever_has_gone_is_not_verified_and_makes_room() {
    let mut stage = Stage::new(1);
    stage.flood(COST_10, 1);
    stage.taken(0);
    let gone: Vec<_> = (0..6).map(|_| stage.push(COST_10, 2500).unwrap().1).collect();
    for at in [0, 2, 5] {
        gone[at].set(true);
    }
    assert_eq!(stage.taken(0), [2, 4, 5]);
    assert_eq!(stage.taken(0), [0; 0]);
    assert_eq!(stage.dropped(), [1, 3, 6]);
    // A full queue of callers that have gone.
    stage.push(COST_10, 2500).unwrap();
    stage.taken(0);
    let gone: Vec<_> = (0..1000).map_while(|_| stage.push(COST_10, 2500).ok()).collect();
    for (_, gone) in &gone {
        gone.set(true);
    }
    stage.pass(20);
    assert!(stage.push(COST_10, 2500).is_ok());
    assert_eq!((stage.schedule.waiting, stage.dropped().len()), (1, gone.len()));
}

#[test]
fn the_number_that_waits_is_bounded() {
    let mut stage = Stage::new(1);
    let quick = Kernel { name: "quick", alone: 0, together: &[1000], memory: 0 };
    let taken = (0..10_000).map_while(|_| stage.push(quick, 2500).ok()).count();
    assert_eq!(taken, 4096);
    assert_eq!(stage.push(quick, 2500).unwrap_err(), Refused::Full);
}

#[test]
fn a_class_keeps_to_its_share_while_others_are_active() {
    let mut alone = Stage::new(2);
    alone.flood(COST_10, 2);
    alone.all_take();
    let all = alone.flood(COST_10, 1000);

    let mut shared = Stage::new(2);
    shared.flood(PBKDF2, 2);
    shared.all_take();
    shared.push(ARGON2, 2500).unwrap();
    let half = shared.flood(COST_10, 1000);
    // 50, 60 and 80 ms: two classes by powers of two.
    assert!(half * 2 <= all + 10 && half * 5 > all * 2, "{half} of {all}");
    assert_eq!(shared.push(COST_10, 2500).unwrap_err(), Refused::Share);
    assert!(shared.push(ARGON2, 2500).is_ok(), "the other class has its share still");
    // When the others have been quiet for a deadline, everything is there again.
    shared.pass(2600);
    shared.all_take();
    shared.dropped();
    shared.flood(COST_10, 2);
    shared.all_take();
    assert!(shared.flood(COST_10, 1000) > half);
}

#[test]
fn long_runs_begin_one_after_another_while_cheaper_ones_come() {
    let mut stage = Stage::new(2);
    stage.flood(COST_10, 1);
    stage.taken(0);
    stage.pass(50);
    assert!(matches!(stage.take(0), Next::Wait(None)));
    stage.flood(COST_15, 1);
    assert_eq!(stage.taken(0), [1]);
    // The other worker would be busy for 1.6 s, as this one is.
    stage.push(COST_15, 2500).unwrap();
    let Next::Wait(Some(wake)) = stage.take(1) else { panic!("it is put off") };
    assert_eq!(wake - stage.now, Duration::from_millis(350), "in 1.25 s the first one will be free");
    stage.now = wake;
    assert_eq!(stage.taken(1), [2]);
    // Whenever a cheap one comes, some worker is free in time.
    assert!(stage.push(COST_10, 2500).is_ok());
    // Nobody waits for those who do not come.
    let mut stage = Stage::new(2);
    assert_eq!(stage.flood(COST_15, 2), 2);
    assert_eq!([stage.taken(0), stage.taken(1)], [[0], [1]]);
}

#[test]
fn memory_is_a_bound_and_others_run_meanwhile() {
    let mut stage = Stage::new(3);
    // 64 of 100 bytes each.
    stage.flood(ARGON2, 2);
    let Next::Run(first) = stage.take(0) else { panic!("one runs") };
    assert_eq!((first.memory, first.kept.is_none()), (64, true));
    assert!(matches!(stage.take(1), Next::Wait(None)), "the other waits for memory");
    stage.flood(COST_10, 1);
    assert_eq!(stage.taken(1), [2], "what takes none goes before it");
    let less = Kernel { name: "less", alone: 80, together: &[1000], memory: 30 };
    stage.push(less, 2500).unwrap();
    assert!(matches!(stage.take(2), Next::Wait(None)), "what takes less does not: it would wait for ever");
    // The worker goes on with the memory that it has.
    stage.schedule.finish(0, None);
    let Next::Run(second) = stage.take(0) else { panic!("the second") };
    assert_eq!((second.jobs[0].number, second.kept.is_none()), (1, true));
    assert_eq!(stage.taken(2), [3], "now it fits");
    // With nothing more to do it is to give it back, and only then has nothing to do.
    stage.schedule.finish(0, None);
    assert!(matches!(stage.take(0), Next::GiveBack));
    assert_eq!(stage.schedule.idle(), 0);
    stage.schedule.give_back(0, Bytes(64), stage.now);
    assert_eq!(stage.schedule.memory.bytes(), (30, 64));
    let Next::Wait(Some(release)) = stage.take(0) else { panic!("until the memory is released") };
    stage.now = release;
    assert!(matches!(stage.take(0), Next::Wait(None)));
    assert_eq!(stage.schedule.memory.take_released().len(), 1);
}

#[test]
fn memory_counts_when_it_is_told_who_would_be_late() {
    let mut stage = Stage::new(8);
    stage.flood(ARGON2, 1);
    stage.taken(0);
    // Seven workers are free, but there is memory for one at a time.
    let taken = stage.flood(ARGON2, 1000);
    assert!((12..=20).contains(&taken), "{taken} of 80 ms each in 2.5 s");
}

#[test]
fn what_is_learnt_from_a_run_is_used_for_the_next() {
    let mut stage = Stage::new(1);
    for _ in 0..20 {
        stage.flood(COST_10, 1);
        stage.taken(0);
        stage.pass(100);
        stage.schedule.finish(0, Some(Duration::from_millis(100)));
        assert!(matches!(stage.take(0), Next::Wait(None)));
    }
    stage.flood(COST_10, 1);
    let Next::Run(batch) = stage.take(0) else { panic!("it runs") };
    assert!(batch.expected > Duration::from_millis(90), "{batch:?}");
}
