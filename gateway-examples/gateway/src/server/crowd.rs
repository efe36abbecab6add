use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use gateway_layers::client_ip::Cidr;

/// Counts the connections of each address. Clones share the counts.
///
/// IPv6 is counted by /64, which is what one subscriber has. Proxies in front have the connections of
/// all their clients and are not counted.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    max: u32,
    uncounted: Vec<Cidr>,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One connection of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Member {
    counted: Option<(Arc<Shared>, IpAddr)>,
}

impl Crowd {
    pub(super) fn new(max: u32, uncounted: Vec<Cidr>) -> Self {
        Self {
            shared: Arc::new(Shared {
                max,
                uncounted,
                open: Mutex::default(),
            }),
        }
    }

    /// `None` if `ip` has all the connections it may have.
    pub(super) fn join(&self, ip: IpAddr) -> Option<Member> {
        let shared = &self.shared;
        let ip = ip.to_canonical();
        if shared.uncounted.iter().any(|network| network.contains(ip)) {
            return Some(Member { counted: None });
        }
        let group = group(ip);
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(group).or_default();
        if *count >= shared.max {
            return None;
        }
        *count += 1;
        Some(Member {
            counted: Some((Arc::clone(shared), group)),
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some((shared, group)) = &self.counted else {
            return;
        };
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(group) {
            *count -= 1;
            if *count == 0 {
                open.remove(group);
            }
        }
    }
}

fn group(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_and_gets_it_back() {
        let crowd = Crowd::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let join = |ip: &str| crowd.join(ip.parse().unwrap());
        let one = join("192.0.2.1").unwrap();
        let _two = join("::ffff:192.0.2.1").unwrap();
        assert!(join("192.0.2.1").is_none());
        assert!(join("192.0.2.2").is_some());
        drop(one);
        assert!(join("192.0.2.1").is_some());
        let _six = (join("2001:db8::1").unwrap(), join("2001:db8::2").unwrap());
        assert!(join("2001:db8::3").is_none());
        assert!(join("2001:db8:0:1::3").is_some());
        let proxies: Vec<_> = (0..9).map(|_| join("10.1.2.3")).collect();
        assert!(proxies.iter().all(Option::is_some));
        drop(proxies);
        drop(_two);
        drop(_six);
        assert!(crowd.shared.open.lock().unwrap().is_empty());
    }
}
