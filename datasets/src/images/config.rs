//! The settings of generated images in a spec: form here, meaning in [`Generated::check`].
//!
//! ```yaml
//! generated-images: {}                                                    # CIFAR-10's shape with fewer images
//! generated-images: { classes: 1000, height: 224, width: 224, train: 20000, test: 1000, difficulty: 0.7 }
//! ```

use serde::{Deserialize, Serialize};

use super::ImageShape;
use crate::field::FieldError;

/// The most channels, as more are no image.
const MAX_CHANNELS: u32 = 64;
/// The least rows and columns: a pattern needs some room.
const MIN_SIDE: u32 = 4;
/// The most rows and columns.
const MAX_SIDE: u32 = 4_096;
/// The most classes; a label has 16 bits, and each class keeps a template.
const MAX_CLASSES: u32 = 10_000;
/// The most images of a part: numbers have 32 bits, and labels are in memory.
const MAX_IMAGES: u32 = 100_000_000;
/// The most memory that the classes' templates may take.
const MAX_TEMPLATE_BYTES: u64 = 4 << 30;

/// Settings of generated data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Generated {
    /// Number of classes, each with about as many images.
    pub classes: u32,
    /// Channels of an image: 3 is colour, 1 grey.
    pub channels: u32,
    /// Rows of an image.
    pub height: u32,
    /// Columns of an image.
    pub width: u32,
    /// Images to learn from.
    pub train: u32,
    /// Images to test on.
    pub test: u32,
    /// From 0 (every image of a class is the same) to 1 (patterns are anywhere, and the noise is twice as strong as they).
    pub difficulty: f64,
}

impl Default for Generated {
    fn default() -> Self {
        Generated { classes: 10, channels: 3, height: 32, width: 32, train: 10_000, test: 2_000, difficulty: 0.5 }
    }
}

impl Generated {
    /// The shape of every image.
    pub fn shape(&self) -> ImageShape {
        ImageShape { channels: self.channels, height: self.height, width: self.width }
    }

    /// Every error of meaning, in the order of the fields.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut within = |field, value: u32, low: u32, high: u32| {
            if !(low..=high).contains(&value) {
                let says = format!("found {value}, expected a whole number from {low} to {high}");
                errors.push(FieldError { field, says });
            }
        };
        within("classes", self.classes, 2, MAX_CLASSES);
        within("channels", self.channels, 1, MAX_CHANNELS);
        within("height", self.height, MIN_SIDE, MAX_SIDE);
        within("width", self.width, MIN_SIDE, MAX_SIDE);
        within("train", self.train, 1, MAX_IMAGES);
        within("test", self.test, 1, MAX_IMAGES);
        if !(0.0..=1.0).contains(&self.difficulty) {
            let says = format!("found {}, expected a number from 0 to 1", self.difficulty);
            errors.push(FieldError { field: "difficulty", says });
        }
        let templates = u64::from(self.classes) * self.shape().bytes() as u64 * 2;
        if errors.is_empty() && templates > MAX_TEMPLATE_BYTES {
            let says = format!(
                "found {} of {}, whose patterns take {templates} bytes, expected at most {MAX_TEMPLATE_BYTES}; take fewer or smaller ones",
                self.classes,
                self.shape()
            );
            errors.push(FieldError { field: "classes", says });
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_meaning_is_found() {
        let says = |config: Generated| config.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(says(Generated::default()), "");
        let bad = Generated {
            classes: 1,
            channels: 0,
            height: 3,
            width: 5_000,
            train: 0,
            test: 200_000_000,
            difficulty: f64::NAN,
        };
        insta::assert_snapshot!(says(bad), @"
        classes: found 1, expected a whole number from 2 to 10000
        channels: found 0, expected a whole number from 1 to 64
        height: found 3, expected a whole number from 4 to 4096
        width: found 5000, expected a whole number from 4 to 4096
        train: found 0, expected a whole number from 1 to 100000000
        test: found 200000000, expected a whole number from 1 to 100000000
        difficulty: found NaN, expected a number from 0 to 1
        ");
        let large = Generated { classes: 10_000, height: 512, width: 512, ..Generated::default() };
        insta::assert_snapshot!(says(large), @"classes: found 10000 of 3x512x512, whose patterns take 15728640000 bytes, expected at most 4294967296; take fewer or smaller ones");
    }
}
