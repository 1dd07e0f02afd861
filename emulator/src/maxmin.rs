//! Exact max-min fair rates by progressive filling, and the times that flows take under them: the oracle of [`crate::link`].
//!
//! The fluid model: a flow is a number of bytes that passes through shared limits; at every instant the rates are
//! max-min fair (none can be raised without lowering one that is no higher), and they change only when a flow
//! starts or ends. Bertsekas and Gallager, *Data Networks*, section 6.5.2. No chunks, no depth, no delay.

/// A transfer through shared limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Indexes of the limits that it passes, each once.
    pub limits: Vec<u32>,
    /// The time at which it starts, in seconds.
    pub start: f64,
    /// The number of bytes that it carries.
    pub bytes: f64,
}

/// The max-min fair rate of each flow, in the unit of `capacities`; infinite for a flow that passes no limit.
pub fn fair_rates<L: AsRef<[u32]>>(capacities: &[f64], flows: &[L]) -> Vec<f64> {
    let mut left = capacities.to_vec();
    let mut unfixed = vec![0_u32; capacities.len()];
    for &limit in flows.iter().flat_map(AsRef::as_ref) {
        unfixed[limit as usize] += 1;
    }
    let mut rates = vec![f64::INFINITY; flows.len()];
    let mut open: Vec<usize> = (0..flows.len()).filter(|&f| !flows[f].as_ref().is_empty()).collect();
    while !open.is_empty() {
        let share = |limit: usize| left[limit] / f64::from(unfixed[limit]);
        let shared = (0..left.len()).filter(|&limit| unfixed[limit] > 0);
        let tightest = shared.min_by(|&a, &b| share(a).total_cmp(&share(b))).expect("an open flow passes a limit");
        let rate = share(tightest).max(0.0);
        open.retain(|&flow| {
            let limits = flows[flow].as_ref();
            let fixed = limits.contains(&(tightest as u32));
            if fixed {
                rates[flow] = rate;
                for &limit in limits {
                    left[limit as usize] -= rate;
                    unfixed[limit as usize] -= 1;
                }
            }
            !fixed
        });
    }
    rates
}

/// The time at which each flow ends, in seconds, with `capacities` in bytes per second.
pub fn completion_times(capacities: &[f64], flows: &[Flow]) -> Vec<f64> {
    let mut ends = vec![0.0; flows.len()];
    let mut left: Vec<f64> = flows.iter().map(|flow| flow.bytes).collect();
    let mut coming: Vec<usize> = (0..flows.len()).collect();
    coming.sort_by(|&a, &b| flows[b].start.total_cmp(&flows[a].start));
    let mut active: Vec<usize> = Vec::new();
    let mut now = 0.0_f64;
    loop {
        while let Some(flow) = coming.pop_if(|&mut flow| flows[flow].start <= now) {
            active.push(flow);
        }
        let next_start = coming.last().map_or(f64::INFINITY, |&flow| flows[flow].start);
        if active.is_empty() {
            if coming.is_empty() {
                return ends;
            }
            now = next_start;
            continue;
        }
        let routes: Vec<&[u32]> = active.iter().map(|&flow| flows[flow].limits.as_slice()).collect();
        let rates = fair_rates(capacities, &routes);
        let until_end = active.iter().zip(&rates).map(|(&flow, rate)| left[flow] / rate);
        let end = now + until_end.fold(f64::INFINITY, f64::min);
        let next = end.min(next_start);
        let mut rates = rates.into_iter();
        active.retain(|&flow| {
            let rate = rates.next().expect("one rate for each active flow");
            let ended = now + left[flow] / rate <= next;
            if ended {
                ends[flow] = next;
            } else {
                left[flow] -= rate * (next - now);
            }
            !ended
        });
        now = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flow(limits: &[u32], start: f64, bytes: f64) -> Flow {
        Flow { limits: limits.to_vec(), start, bytes }
    }

    #[test]
    fn the_textbook_example() {
        // Three links of 1; the long flow passes all, the last link has two more.
        let rates = fair_rates(&[1.0, 1.0, 1.0], &[vec![0, 1, 2], vec![0], vec![1], vec![2], vec![2], vec![]]);
        let third = 1.0 / 3.0;
        for (rate, expected) in rates.iter().zip([third, 2.0 * third, 2.0 * third, third, third, f64::INFINITY]) {
            assert!(*rate == expected || (rate - expected).abs() < 1e-12, "{rates:?}");
        }
    }

    #[test]
    fn a_flow_speeds_up_when_another_ends() {
        let flows = [flow(&[0], 0.0, 10.0), flow(&[0], 2.0, 3.0), flow(&[], 1.0, 5.0), flow(&[0], 20.0, 1.0)];
        // 2 bytes alone, 3 and 3 shared in 6 s, the last 5 alone.
        assert_eq!(completion_times(&[1.0], &flows), [13.0, 8.0, 1.0, 21.0]);
    }

    proptest! {
        /// The definition: no limit is exceeded, and every flow passes a full limit in which no flow is faster.
        #[test]
        fn rates_are_max_min_fair(
            capacities in prop::collection::vec(1.0..1_000.0_f64, 6),
            flows in prop::collection::vec(prop::sample::subsequence(vec![0_u32, 1, 2, 3, 4, 5], 1..=4), 1..30),
        ) {
            let rates = fair_rates(&capacities, &flows);
            let flows = &flows;
            let of = |limit: u32| (0..flows.len()).filter(move |&f| flows[f].contains(&limit)).collect::<Vec<_>>();
            let full = |limit: u32| {
                let sum: f64 = of(limit).iter().map(|&f| rates[f]).sum();
                sum / capacities[limit as usize]
            };
            prop_assert!((0..6).all(|limit| full(limit) <= 1.0 + 1e-9));
            for (f, limits) in flows.iter().enumerate() {
                let bottleneck = |&limit: &u32| {
                    full(limit) >= 1.0 - 1e-9 && of(limit).iter().all(|&other| rates[other] <= rates[f] * (1.0 + 1e-9))
                };
                prop_assert!(limits.iter().any(bottleneck), "flow {f} at {} has no bottleneck", rates[f]);
            }
        }
    }
}
