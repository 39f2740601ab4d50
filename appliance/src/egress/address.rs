//! Which network an address lies in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address lies in the network that a provider was declared for. A name that suddenly
/// resolves to the other side (DNS rebinding) is refused; some addresses are of no provider at all.
pub(super) fn check_address(address: IpAddr, local_network: bool) -> Result<(), &'static str> {
    let address = match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    match (reach_of(address), local_network) {
        (Reach::Nowhere, _) => Err("the address is no ordinary host's"),
        (Reach::Local, false) => Err(
            "the address lies on the local network, and the provider is not marked as one there",
        ),
        (Reach::Internet, true) => Err(
            "the address lies on the internet, and the provider is marked as one on the local network",
        ),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nowhere,
    Local,
    Internet,
}

/// Special-purpose addresses: IANA registries of RFC 6890. Link-local ones hold cloud metadata
/// services, so no provider lies there.
fn reach_of(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(four) => reach_of_v4(four),
        IpAddr::V6(six) => reach_of_v6(six),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocol = first == 192 && second == 0 && third == 0;
    let is_benchmark = first == 198 && (second == 18 || second == 19);
    if address.is_loopback() || address.is_private() || is_shared {
        Reach::Local
    } else if address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || is_protocol
        || is_benchmark
        || first == 0
        || first >= 240
    {
        Reach::Nowhere
    } else {
        Reach::Internet
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    let [first, second, ..] = address.segments();
    if address.is_loopback() || address.is_unique_local() {
        Reach::Local
    } else if first & 0xe000 == 0x2000
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        && first != 0x2002
    {
        // 2000::/3 is what is routed; Teredo, 6to4 and documentation in it can hide other addresses.
        Reach::Internet
    } else {
        Reach::Nowhere
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_belong_to_one_network() {
        let local = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "100.64.1.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ];
        let internet = ["8.8.8.8", "104.18.6.192", "2606:4700::6812:6c0"];
        let nowhere = [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
        ];
        for address in local {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, true).is_ok() && check_address(address, false).is_err(),
                "{address}"
            );
        }
        for address in internet {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_ok() && check_address(address, true).is_err(),
                "{address}"
            );
        }
        for address in nowhere {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_err() && check_address(address, true).is_err(),
                "{address}"
            );
        }
    }
}
