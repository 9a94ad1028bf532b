//! Packets of any shape, sane or not, out of arbitrary octets.

use arbitrary::{Result, Unstructured};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption, Udp};

/// Any packet whose addresses are of one family.
pub(super) fn arbitrary(u: &mut Unstructured<'_>) -> Result<Packet> {
    let is_v4 = u.arbitrary()?;
    let (source, destination) = if is_v4 {
        (u.arbitrary::<[u8; 4]>()?.into(), u.arbitrary::<[u8; 4]>()?.into())
    } else {
        (u.arbitrary::<[u8; 16]>()?.into(), u.arbitrary::<[u8; 16]>()?.into())
    };
    let flow_label = if is_v4 { 0 } else { u.arbitrary::<u32>()? >> 12 };
    let dont_fragment = !is_v4 || u.arbitrary()?;
    let identification = if is_v4 { u.arbitrary()? } else { 0 };
    let (hop_limit, traffic_class) = (u.arbitrary()?, u.arbitrary()?);
    let ip = Ip { source, destination, hop_limit, traffic_class, flow_label, dont_fragment, identification };
    let body = match u.int_in_range(0..=5)? {
        0 => Body::Udp(Udp { source_port: u.arbitrary()?, destination_port: u.arbitrary()?, payload: u.arbitrary()? }),
        1 => Body::Icmp(Icmp {
            kind: u.arbitrary()?,
            code: u.arbitrary()?,
            rest: u.arbitrary()?,
            payload: u.arbitrary()?,
        }),
        _ => Body::Tcp(segment(u)?),
    };
    Ok(Packet { ip, body })
}

fn segment(u: &mut Unstructured<'_>) -> Result<Segment> {
    Ok(Segment {
        source_port: u.arbitrary()?,
        destination_port: u.arbitrary()?,
        seq: Seq(u.arbitrary()?),
        ack: Seq(u.arbitrary()?),
        flags: Flags(u.arbitrary::<u16>()? & 0xfff),
        window: u.arbitrary()?,
        urgent_pointer: u.arbitrary()?,
        options: (0..u.int_in_range(0..=12)?).map(|_| option(u)).collect::<Result<_>>()?,
        payload: u.arbitrary()?,
    })
}

fn option(u: &mut Unstructured<'_>) -> Result<TcpOption> {
    Ok(match u.int_in_range(0..=11)? {
        0 => TcpOption::EndOfList,
        1 => TcpOption::NoOperation,
        2 => TcpOption::Mss(u.arbitrary()?),
        3 => TcpOption::WindowScale(u.arbitrary()?),
        4 => TcpOption::SackPermitted,
        5 => {
            let blocks: Vec<(u32, u32)> = u.arbitrary()?;
            TcpOption::Sack(blocks.into_iter().map(|(left, right)| (Seq(left), Seq(right))).collect())
        }
        6 => TcpOption::Timestamps { val: u.arbitrary()?, ecr: u.arbitrary()? },
        7 => TcpOption::Md5(u.arbitrary()?),
        8 => TcpOption::FastOpen(u.arbitrary()?),
        9 => TcpOption::FastOpenExperimental(u.arbitrary()?),
        10 => TcpOption::UserTimeout { minutes: u.arbitrary()?, value: u.int_in_range(0..=0x7fff)? },
        _ => TcpOption::Raw { kind: u.arbitrary()?, data: u.arbitrary()? },
    })
}
