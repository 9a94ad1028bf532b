//! The rows of the matrix.

use std::path::Path;

use wirelaw_reference::tcp::State;

/// One row: in this state, this event under this condition has this action and leads to this state.
#[derive(Clone, Debug)]
pub struct Row {
    /// The state as the matrix spells it.
    pub state: String,
    pub event: String,
    pub condition: String,
    pub action: String,
    pub next_state: String,
    pub rfc_section: String,
}

impl Row {
    /// What the test of this row is called.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.state, self.event, self.condition)
    }

    pub fn from(&self) -> State {
        state(&self.state)
    }

    pub fn next(&self) -> State {
        state(&self.next_state)
    }
}

/// All rows of the matrix, in its order.
pub fn load() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/requirements/tcp-event-matrix.csv");
    let mut reader = csv::Reader::from_path(&path).expect("the matrix is part of the repository");
    let rows = reader.records().map(|record| {
        let record = record.expect("every row has six fields");
        let field = |at: usize| record.get(at).expect("the reader checks the number of fields").to_owned();
        Row {
            state: field(0),
            event: field(1),
            condition: field(2),
            action: field(3),
            next_state: field(4),
            rfc_section: field(5),
        }
    });
    rows.collect()
}

/// The state with this name, in the RFC's spelling.
pub fn state(name: &str) -> State {
    let found = State::ALL.into_iter().find(|state| state.to_string() == name);
    found.unwrap_or_else(|| panic!("{name} is no state"))
}
