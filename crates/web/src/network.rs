//! Which network an address lies in: what decides where a server may connect to for others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far away an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No ordinary host's: link-local, multicast, reserved, or one that hides another.
    Nowhere,
    /// This machine or a private network.
    Local,
    /// The public network.
    Internet,
}

/// How far away an address is, after the IANA registries of RFC 6890. Link-local addresses hold cloud metadata services, so
/// no service of anybody's lies there; an IPv4 address written as an IPv6 one counts as itself.
pub fn reach_of(address: IpAddr) -> Reach {
    match address.to_canonical() {
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
    fn only_the_public_network_is_the_internet() {
        for other in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
        ] {
            assert_ne!(reach_of(other.parse().unwrap()), Reach::Internet, "{other}");
        }
        for public in ["8.8.8.8", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert_eq!(
                reach_of(public.parse().unwrap()),
                Reach::Internet,
                "{public}"
            );
        }
    }
}
