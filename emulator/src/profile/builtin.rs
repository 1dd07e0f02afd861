//! The profiles that come with the program: data files under `emulator/profiles/`, embedded.
//!
//! To add one, put its file there and a line here.

/// A profile file with the tables that it names.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name that specs use; the file has the same one.
    pub name: &'static str,
    /// The text of the profile file.
    pub yaml: &'static str,
    /// The tables: file name and content.
    pub tables: &'static [(&'static str, &'static str)],
}

const EC2_2016_BANDWIDTH: (&str, &str) =
    ("ec2-2016-bandwidth.csv", include_str!("../../profiles/ec2-2016-bandwidth.csv"));
const EC2_2022_BANDWIDTH: (&str, &str) =
    ("ec2-2022-bandwidth.csv", include_str!("../../profiles/ec2-2022-bandwidth.csv"));
const EC2_2022_RTT: (&str, &str) = ("ec2-2022-rtt.csv", include_str!("../../profiles/ec2-2022-rtt.csv"));

const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "ec2-all",
        yaml: include_str!("../../profiles/ec2-all.yaml"),
        tables: &[EC2_2016_BANDWIDTH, EC2_2022_RTT],
    },
    Builtin { name: "va-ca", yaml: include_str!("../../profiles/va-ca.yaml"), tables: &[] },
    Builtin { name: "sg-sp", yaml: include_str!("../../profiles/sg-sp.yaml"), tables: &[] },
    Builtin { name: "lan", yaml: include_str!("../../profiles/lan.yaml"), tables: &[] },
    Builtin {
        name: "ec2-2022",
        yaml: include_str!("../../profiles/ec2-2022.yaml"),
        tables: &[EC2_2022_BANDWIDTH, EC2_2022_RTT],
    },
];

/// All built-in profiles, in the order in which they are listed.
pub fn builtins() -> &'static [Builtin] {
    BUILTINS
}

/// The names of the built-in profiles.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}
