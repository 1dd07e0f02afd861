//! Code generated from the list of workloads: one enum per place where a spec, a plan or a run has one of them, with calls to its workload.
//!
//! One arm per workload and no logic: that is in [`WorkloadKind`](super::kind::WorkloadKind), and in [`super::list`], where these are made.

macro_rules! workloads {
    ($($Kind:ident($ty:ty) $name:tt, $generated:tt, $file:tt $(, $Scale:ident $scale:tt)?;)*) => {
        /// The workload and its settings.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub enum Workload {
            $(#[doc = concat!("`", $name, "`.")] #[serde(rename = $name)] $Kind($ty),)*
        }

        /// The settings of the workload that a cell may change: none that the objective, and so the target, depends on.
        #[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub enum WorkloadChange {
            $(#[doc = concat!("Of `", $name, "`.")] #[serde(rename = $name)] $Kind(<$ty as WorkloadKind>::Change),)*
        }

        /// The workload, which determines the kind of data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`.")] $Kind,)*
        }

        /// The source of a spec's data.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub enum SpecData {
            $(#[doc = concat!("Generated for `", $name, "`.")] #[serde(rename = $generated)] $Kind(<$ty as WorkloadKind>::Generated),)*
            /// Read from a file or folder, whose format is recognised by content; relative to the spec.
            File(PathBuf),
            /// To be given with `--data`.
            None,
        }

        /// The data of a plan: enough to identify runs on the same data.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Data {
            $(
                #[doc = concat!("Generated for `", $name, "`.")]
                #[serde(rename = $generated)]
                $Kind(Made<<$ty as WorkloadKind>::Generated>),
            )*
            #[doc = "Read from a file or folder."]
            #[serde(untagged)]
            Read(ReadData),
        }

        /// Data of a plan that were read from a file or folder.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum ReadData {
            $(#[doc = concat!("For `", $name, "`.")] #[serde(rename = $file)] $Kind(<$ty as WorkloadKind>::File),)*
        }

        /// The source of a run's data.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum DataSource {
            $(#[doc = concat!("Generated for `", $name, "` with a plan's seed.")] $Kind(<$ty as WorkloadKind>::Generated),)*
            /// Data of this kind, read from this file or folder; what is held out may follow from a plan's seed.
            File(Kind, PathBuf),
        }

        /// Data in memory, or within reach.
        #[derive(Clone, Debug)]
        pub enum DataSet {
            $(#[doc = concat!("For `", $name, "`.")] $Kind(Arc<<$ty as WorkloadKind>::Set>),)*
        }

        /// The size that the problem stands for.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
        pub enum Scale {
            /// The size of the data themselves.
            #[default]
            None,
            $($(#[doc = concat!("The paper's problem `", $scale, "`.")] #[serde(rename = $scale)] $Scale,)?)*
            /// Factors given by hand.
            Factors {
                /// Bytes charged for a byte of data.
                sigma_bytes: f64,
                /// Units of work charged for one.
                sigma_work: f64,
            },
        }

        $(
            impl Listed for $ty {
                const KIND: Kind = Kind::$Kind;

                fn data(data: &Data) -> DataRef<'_, Self> {
                    match data {
                        Data::$Kind(made) => DataRef::Generated(&made.config),
                        Data::Read(ReadData::$Kind(file)) => DataRef::File(file),
                        other => unreachable!("{:?}, and the loader gives what the plan's workload learns from", other.kind()),
                    }
                }

                fn set(set: &DataSet) -> &Arc<Self::Set> {
                    match set {
                        DataSet::$Kind(set) => set,
                        other => unreachable!("{:?}, and the loader gives what the plan's workload learns from", other.kind()),
                    }
                }

                fn generated(source: &DataSource) -> Option<&Self::Generated> {
                    match source {
                        DataSource::$Kind(config) => Some(config),
                        _ => None,
                    }
                }

                fn any(set: Self::Set) -> DataSet {
                    DataSet::$Kind(Arc::new(set))
                }

                fn file(file: Self::File) -> Data {
                    Data::Read(ReadData::$Kind(file))
                }
            }
        )*

        impl Kind {
            /// Every kind, in the order in which files are tried.
            pub const ALL: &'static [Kind] = &[$(Kind::$Kind),*];

            /// The workload with its default settings.
            pub fn workload(self) -> Workload {
                match self {
                    $(Kind::$Kind => Workload::$Kind(<$ty>::default()),)*
                }
            }

            /// Its names in messages and commands.
            pub fn about(self) -> About {
                match self {
                    $(Kind::$Kind => About {
                        name: <$ty>::NAME,
                        title: <$ty>::TITLE,
                        about: <$ty>::ABOUT,
                        data: <$ty>::DATA,
                        owners: <$ty>::OWNERS,
                        formats: <$ty>::FORMATS,
                        ending: <$ty>::ENDING,
                        seeded: <$ty>::SEEDED,
                        metrics: <$ty>::METRICS,
                        needs_libtorch: <$ty>::NEEDS_LIBTORCH,
                        generated: <$ty>::GENERATED,
                        paper_bytes: <$ty>::PAPER_BYTES,
                        smaller: <$ty>::SMALLER,
                        added_only: <$ty>::ADDED_ONLY,
                    },)*
                }
            }

            /// The formats of its data in one line.
            pub fn formats(self) -> String {
                match self {
                    $(Kind::$Kind => <$ty>::formats(),)*
                }
            }

            /// Reads data of this kind from a file or folder.
            ///
            /// # Errors
            /// [`Unreadable`] with the error of datasets.
            pub fn read(self, path: &Path, seed: u64) -> Result<DataSet, Unreadable> {
                match self {
                    $(Kind::$Kind => <$ty>::load(path, seed).map(<$ty>::any).map_err(|error| Unreadable {
                        is_other: <$ty>::is_other(&error),
                        found: <$ty>::found(&error).map(str::to_owned),
                        error: Box::new(error),
                    }),)*
                }
            }

            /// Its data in a spec that sets none.
            pub fn default_data(self) -> SpecData {
                match self {
                    $(Kind::$Kind => SpecData::$Kind(Default::default()),)*
                }
            }

            /// The settings of `experiments data generate`.
            ///
            /// # Errors
            /// [`ScaleError`] when its data have no scale, or not this one.
            pub fn at_scale(self, scale: Option<f64>) -> Result<DataSource, ScaleError> {
                match self {
                    $(Kind::$Kind => {
                        let config = <$ty>::at_scale(scale).map_err(ScaleError::Unscaled)?;
                        let error = Generator::check(&config).into_iter().next();
                        error.map_or(Ok(DataSource::$Kind(config)), |error| Err(ScaleError::Field(error)))
                    })*
                }
            }

            /// Problems with `split` for its data, by field.
            pub fn check_split(self, split: Split) -> Vec<FieldError> {
                match self {
                    $(Kind::$Kind => <$ty>::deal(split).err().unwrap_or_default(),)*
                }
            }

            /// Measures its rate on this host. `None` where this build cannot.
            ///
            /// # Errors
            /// Returns an error if what `args` ask for is not here.
            pub fn calibrate(self, args: &CalibrateArgs, isa: Isa, effort: Effort) -> Result<Option<Calibrated>, Failure> {
                match self {
                    $(Kind::$Kind => <$ty>::calibrate(args, isa, effort),)*
                }
            }

            /// Checks its section of a machine kind: calls `within(field, value, least, most)` for each number.
            pub fn check_rates(self, kind: &MachineKind, within: &mut dyn FnMut(&str, f64, f64, f64)) {
                match self {
                    $(Kind::$Kind => <$ty>::check_rates(kind, within),)*
                }
            }

            /// The problem of the paper that it can stand for. `None`: there is none.
            pub fn scale(self) -> Option<Scale> {
                match self {
                    $(Kind::$Kind => None$(.or(Some(Scale::$Scale)))?,)*
                }
            }

            /// The fields of machine kinds that may be `fitted`, of all workloads.
            pub fn all_rates() -> Vec<&'static str> {
                [$(<$ty>::RATES),*].concat()
            }
        }

        impl Scale {
            /// The paper's problem as specs name it, and whose it is; `None` for none and for factors by hand.
            pub fn of_paper(self) -> Option<(&'static str, Kind)> {
                match self {
                    Scale::None | Scale::Factors { .. } => None,
                    $($(Scale::$Scale => Some(($scale, Kind::$Kind)),)?)*
                }
            }
        }

        impl Workload {
            /// The kind of this workload.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Workload::$Kind(_) => Kind::$Kind,)*
                }
            }

            /// Does something with it, whichever it is.
            pub fn visit<V: Visitor>(self, visitor: V) -> V::Out {
                match self {
                    $(Workload::$Kind(workload) => visitor.visit(workload),)*
                }
            }

            /// Settings that cannot run.
            pub fn check(&self) -> Vec<FieldError> {
                match self {
                    $(Workload::$Kind(workload) => WorkloadKind::check(workload),)*
                }
            }

            /// Clocks in a pass over the data.
            pub fn clocks_per_pass(&self) -> u32 {
                match self {
                    $(Workload::$Kind(workload) => WorkloadKind::clocks_per_pass(*workload),)*
                }
            }

            /// The same learning with every clock cut into this number of parts.
            pub fn in_parts(self, parts: u32) -> Self {
                match self {
                    $(Workload::$Kind(workload) => Workload::$Kind(workload.in_parts(parts)),)*
                }
            }

            /// The workload with a cell's changes.
            ///
            /// # Errors
            /// The kind of the changes, when they are another workload's.
            pub fn changed(self, change: WorkloadChange) -> Result<Self, Kind> {
                match (self, change) {
                    $((Workload::$Kind(workload), WorkloadChange::$Kind(change)) => {
                        Ok(Workload::$Kind(workload.changed(change)))
                    })*
                    $((_, WorkloadChange::$Kind(_)) => Err(Kind::$Kind),)*
                }
            }

            /// The learning problem that its data pose.
            ///
            /// # Panics
            /// With another workload's data.
            pub fn problem<'a>(self, data: &'a Data, terms: Terms) -> Box<dyn LearningProblem + 'a> {
                let Terms { seed, machines, split, similitude, clocks } = terms;
                match self {
                    $(Workload::$Kind(workload) => {
                        let data = <$ty>::data(data);
                        let posed = Posed { data, seed, machines, split, similitude, clocks };
                        Box::new(Typed { workload, posed })
                    })*
                }
            }
        }

        impl SpecData {
            /// The name in specs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(SpecData::$Kind(_) => $generated,)*
                    SpecData::File(_) => "file",
                    SpecData::None => "none",
                }
            }

            /// The source that it stands for, with its errors of meaning; `None` for a file and for nothing.
            pub fn generated(&self) -> Option<(DataSource, Vec<FieldError>)> {
                match self {
                    $(SpecData::$Kind(config) => {
                        Some((DataSource::$Kind(*config), Generator::check(config)))
                    })*
                    SpecData::File(_) | SpecData::None => None,
                }
            }
        }

        impl DataSource {
            /// The workload that learns from it.
            pub fn kind(&self) -> Kind {
                match self {
                    $(DataSource::$Kind(_) => Kind::$Kind,)*
                    DataSource::File(kind, _) => *kind,
                }
            }

            /// Generated data, as a plan has them; `None` for a file.
            pub fn described(&self) -> Option<Data> {
                match self {
                    $(DataSource::$Kind(config) => Some(Data::$Kind(Made { config: *config })),)*
                    DataSource::File(..) => None,
                }
            }

            /// Makes the data; `None` for a file.
            pub fn generate(&self, seed: u64) -> Option<DataSet> {
                match self {
                    $(DataSource::$Kind(config) => Some(<$ty>::any(Generator::generate(config, seed))),)*
                    DataSource::File(..) => None,
                }
            }

            /// Bytes of the raw data that generated ones would be; `None` for a file.
            pub fn raw_bytes(&self, size: Size) -> Option<u64> {
                match self {
                    $(DataSource::$Kind(config) => Some(<$ty>::raw_bytes(config, size)),)*
                    DataSource::File(..) => None,
                }
            }
        }

        impl Data {
            /// The workload that learns from them.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Data::$Kind(_) | Data::Read(ReadData::$Kind(_)) => Kind::$Kind,)*
                }
            }

            /// Numbers of the data.
            pub fn size(&self) -> Size {
                match self.kind() {
                    $(Kind::$Kind => <$ty>::size(<$ty>::data(self)),)*
                }
            }

            /// Whether they have the shape of the paper's. `stands`: whether the plan stands for the paper's problem.
            pub fn has_paper_shape(&self, stands: bool) -> bool {
                match self.kind() {
                    $(Kind::$Kind => <$ty>::has_paper_shape(<$ty>::data(self), stands),)*
                }
            }

            /// Whether they were made and not read.
            pub fn is_generated(&self) -> bool {
                !matches!(self, Data::Read(_))
            }
        }

        impl DataSet {
            /// The workload that learns from them.
            pub fn kind(&self) -> Kind {
                match self {
                    $(DataSet::$Kind(_) => Kind::$Kind,)*
                }
            }

            /// The source of the data, in words.
            pub fn name(&self) -> &str {
                match self {
                    $(DataSet::$Kind(set) => Identified::name(&**set),)*
                }
            }

            /// BLAKE3 of their content.
            pub fn hash(&self) -> &[u8; 32] {
                match self {
                    $(DataSet::$Kind(set) => Identified::hash(&**set),)*
                }
            }

            /// The form in a plan of data that were read.
            pub fn described(&self) -> Data {
                let hash = blake3::Hash::from_bytes(*self.hash()).to_hex().to_string();
                match self {
                    $(DataSet::$Kind(set) => <$ty>::file(<$ty>::described(set, hash)),)*
                }
            }

            /// Sizes and further properties, in one line.
            pub fn in_numbers(&self) -> String {
                match self {
                    $(DataSet::$Kind(set) => <$ty>::in_numbers(set),)*
                }
            }

            /// Whether they can be written as one file.
            ///
            /// # Errors
            /// [`TooManyPixels`] for images that are decoded when they are read.
            pub fn may_write(&self) -> Result<(), TooManyPixels> {
                match self {
                    $(DataSet::$Kind(set) => <$ty>::may_write(set),)*
                }
            }

            /// Writes them as one compact file. `from`: the file or folder that they were read from.
            ///
            /// # Errors
            /// [`Failure`] of reading them again or of writing.
            pub fn write(&self, from: Option<&Path>, out: &Path) -> Result<(), Failure> {
                match self {
                    $(DataSet::$Kind(set) => <$ty>::write(set, from, out),)*
                }
            }

            /// Reads all of data that are read on demand.
            ///
            /// # Errors
            /// [`Spoilt`] when too many of them cannot be used.
            pub fn verify(&self) -> Result<(), Spoilt> {
                match self {
                    $(DataSet::$Kind(set) => <$ty>::verify(set),)*
                }
            }

            /// Checks that the data had no error since they were loaded.
            ///
            /// # Errors
            /// [`Spoilt`] when too many of them cannot be used.
            pub fn still_sound(&self) -> Result<(), Spoilt> {
                match self {
                    $(DataSet::$Kind(set) => <$ty>::still_sound(set),)*
                }
            }
        }
    };
}
pub(super) use workloads;
