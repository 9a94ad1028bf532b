//! What a client can do, found out by letting it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::super::judge::describe;
use super::super::observe::{Baseline, Observation};
use super::super::play::Trouble;
use super::super::script::{Ability, Segments, Variables, parse};
use super::super::server::Abilities;
use super::{Client, Peer};

/// The client cannot get a plain reply.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name} does not get a plain reply: {got}")]
pub struct Mute {
    /// The client.
    pub name: String,
    /// What came.
    pub got: String,
}

const PLAIN: &str = "< HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\nwirelaw body";

/// Lets the client fetch plain replies. Errors mean that nothing can be judged.
pub fn probe(client: &Client) -> Result<Abilities, Mute> {
    let mute = |got| Mute { name: client.name.clone(), got };
    let ask = |headers: &str, steps: &str| {
        let script = parse("probe", &format!("# probe\n{headers}{steps}\nelse fail\n")).expect("the probes are right");
        match client.play(&script, Segments::Whole) {
            Ok(seen) => Ok(seen),
            Err(Trouble::Connect(error)) => Err(mute(format!("cannot listen: {error}"))),
            Err(Trouble::Variable(name) | Trouble::Gone(name)) => {
                unreachable!("no probe uses {name}, or is played late")
            }
        }
    };
    let seen = ask("", PLAIN)?;
    if seen.success != Some(true) || seen.requests.is_empty() {
        return Err(mute(describe(&seen).join(", ")));
    }
    let mut found = BTreeMap::new();
    let delivers = seen.output.windows(12).any(|window| window == b"wirelaw body");
    found.insert(Ability::Output, if delivers { Ok(()) } else { Err("its output lacks the body".to_owned()) });
    let is_function = matches!(client.peer, Peer::Function(_));
    let has = |word: &str| match &client.peer {
        Peer::Command(command) => command.has(word),
        Peer::Function(_) => false,
    };
    let found_by = |seen: &Observation, is_able: bool| if is_able { Ok(()) } else { Err(describe(seen).join(", ")) };
    if is_function || has("{url2}") {
        let seen = ask("needs: second\n", &format!("{PLAIN}\nawait\n{PLAIN}"))?;
        let both = seen.success == Some(true) && seen.requests.len() == 2;
        found.insert(Ability::Second, found_by(&seen, both));
        found.insert(Ability::KeepAlive, found_by(&seen, both && seen.connections == 1));
    } else {
        for ability in [Ability::Second, Ability::KeepAlive] {
            found.insert(ability, Err("no argument of the command holds {url2}".to_owned()));
        }
    }
    for (ability, method, word) in [(Ability::Head, "HEAD", "{head:"), (Ability::Post, "POST", "{post:")] {
        if !has(word) {
            found.insert(ability, Err(format!("no argument of the command is {word}...}}")));
            continue;
        }
        let steps = "< HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n";
        let seen = ask(&format!("answers: {method}\n"), steps)?;
        let asked = seen.requests.first().is_some_and(|request| request.method() == Some(method));
        found.insert(ability, found_by(&seen, asked && seen.success == Some(true)));
    }
    Ok(Abilities::new(found, Baseline { ok: vec![200] }, Variables::new(), client.bounds))
}
