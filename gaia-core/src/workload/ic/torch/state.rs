//! The state of a worker: its momentum, and BatchNorm's running means and variances. They live on the device
//! that they were last used on, and are written and read as plain numbers.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tch::{Device, Tensor};

/// A worker's own arrays. The order of its images needs no state: it is drawn from a named stream, a pass at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IcState {
    pub(super) momentum: Array,
    pub(super) statistics: Array,
}

/// A flat array of f32 on some device. Clones share it until one of them changes it.
#[derive(Clone)]
pub(super) struct Array(Arc<Mutex<Tensor>>);

impl Array {
    pub(super) fn new(values: &[f32]) -> Self {
        Array(Arc::new(Mutex::new(Tensor::from_slice(values))))
    }

    /// The array on `device`, to be read alone.
    pub(super) fn on(&self, device: Device) -> Tensor {
        self.0.lock().expect("nobody panics while holding it").to_device(device)
    }

    /// The array on `device`, to be changed in place: clones keep the old values.
    pub(super) fn for_change(&mut self, device: Device) -> Tensor {
        let shared = Arc::get_mut(&mut self.0).is_none();
        let tensor = self.0.lock().expect("nobody panics while holding it").shallow_clone();
        if shared || tensor.device() != device {
            let own = if tensor.device() == device { tensor.copy() } else { tensor.to_device(device) };
            *self = Array(Arc::new(Mutex::new(own.shallow_clone())));
            return own;
        }
        tensor
    }

    fn values(&self) -> Vec<f32> {
        Vec::try_from(&self.on(Device::Cpu)).expect("a flat array of f32")
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.lock().expect("nobody panics while holding it"))
    }
}

impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|values| Array::new(&values))
    }
}
