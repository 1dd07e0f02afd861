//! Whether the model can run a network.

use super::error::LinkError;
use super::exact::{MAX_CHUNK, MAX_RATE};
use crate::id::MachineId;
use crate::network::{Network, Route, Routes};

/// The most ordered pairs: stream numbers have 31 bits.
const MAX_PAIRS: usize = 1 << 31;

/// The chunk size as the fabric keeps it, or the first problem found.
pub(super) fn check(network: &Network, chunk: u64) -> Result<u32, LinkError> {
    if !(1..=MAX_CHUNK).contains(&chunk) {
        return Err(LinkError::Chunk { found: chunk, most: MAX_CHUNK });
    }
    let (found, machines) = (network.routes.pairs(), network.machines);
    let expected = machines.saturating_mul(machines);
    if found != expected || found > MAX_PAIRS {
        return Err(LinkError::Routes { found, machines, expected });
    }
    for limit in &network.limits {
        let found = limit.rate.as_bits_per_second();
        if found > MAX_RATE {
            return Err(LinkError::Rate { limit: limit.name.clone(), found, most: MAX_RATE });
        }
    }
    // Routes of placed machines are sound by the way in which they are made.
    if let Routes::Each(routes) = &network.routes {
        check_routes(network, routes)?;
    }
    Ok(chunk as u32)
}

/// Whether every route names limits that exist, each once.
fn check_routes(network: &Network, routes: &[Route]) -> Result<(), LinkError> {
    let (machines, limits) = (network.machines, network.limits.len());
    for (pair, route) in routes.iter().enumerate() {
        let (from, to) = (MachineId((pair / machines) as u32), MachineId((pair % machines) as u32));
        for (i, &found) in route.limits.iter().enumerate() {
            let Some(limit) = network.limits.get(found as usize) else {
                return Err(LinkError::NoSuchLimit { from, to, found, limits });
            };
            if route.limits[..i].contains(&found) {
                return Err(LinkError::RepeatedLimit { from, to, limit: limit.name.clone() });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Limit;
    use crate::units::{Bandwidth, ByteSize};

    fn network() -> Network {
        let rate = Bandwidth::from_bits_per_second(1);
        let limit = Limit { name: "m0 out".into(), rate, depth: ByteSize::from_bytes(0) };
        let route = Route { limits: vec![0], ..Route::default() };
        Network { machines: 2, limits: vec![limit], routes: vec![route; 4].into() }
    }

    fn routes(network: &mut Network) -> &mut Vec<Route> {
        let Routes::Each(routes) = &mut network.routes else { unreachable!("they were made by hand") };
        routes
    }

    fn message(change: impl FnOnce(&mut Network), chunk: u64) -> String {
        let mut network = network();
        change(&mut network);
        check(&network, chunk).expect_err("the network was spoilt").to_string()
    }

    #[test]
    fn errors_say_what_and_where() {
        assert_eq!(check(&network(), 1), Ok(1));
        insta::assert_snapshot!(message(|_| (), 0), @"chunk of 0 bytes: expected 1 to 1073741824");
        insta::assert_snapshot!(
            message(|n| { routes(n).pop(); }, 1),
            @"3 routes for 2 machines: expected one for every ordered pair, 4"
        );
        insta::assert_snapshot!(
            message(|n| n.limits[0].rate = Bandwidth::from_bits_per_second(1 << 61), 1),
            @"limit `m0 out` has a rate of 2305843009213693952 bit/s: expected at most 1152921504606846976"
        );
        insta::assert_snapshot!(
            message(|n| routes(n)[1].limits[0] = 7, 1),
            @"route m0 to m1 uses limit 7: the network has 1"
        );
        insta::assert_snapshot!(
            message(|n| routes(n)[2].limits.push(0), 1),
            @"route m1 to m0 uses limit `m0 out` twice"
        );
    }
}
