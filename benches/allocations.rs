//! The allocation budgets that the layers' docs state.

use gateway_benches::cases;

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
