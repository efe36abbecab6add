//! The allocation budgets that the layers' docs state.

use gateway_benches::{cases, codecs, payloads};

#[test]
fn no_layer_allocates_more_than_its_budget() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let over: Vec<String> = cases::all()
        .into_iter()
        .filter_map(|mut case| {
            let allocations = cases::allocations(&mut case);
            (allocations > case.budget)
                .then(|| format!("{}: {allocations}, budget {}", case.name, case.budget))
        })
        .collect();
    assert!(over.is_empty(), "over budget: {over:#?}");
}

#[test]
fn a_prompt_that_passes_by_costs_the_same_whatever_it_says() {
    let measure = |bytes: usize| {
        let body = payloads::long_chat_request(bytes);
        let length = body.len() as u64;
        let (count, allocated) = codecs::allocations(&mut codecs::passed("", body));
        (count, allocated - length)
    };
    // A copy around the new name, and nothing that grows with the conversation.
    let (short, long) = (measure(1 << 10), measure(1 << 20));
    assert_eq!(short, long);
    assert!(long.1 < 1024, "{} bytes beside the copy", long.1);
}
