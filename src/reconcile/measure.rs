//! What the paid side states: amounts by layer, by fund, or one total.

use crate::model::codes::Layer;
use crate::settle::outcome::{LAYERS, MONEY_NAMES, Money};

/// Amounts by layer, in fen.
pub type ByLayer = [i64; LAYERS.len()];
/// Amounts by measure, in fen; what lies beyond the measures is 0.
pub type Vector = [i64; LAYERS.len()];

/// One figure of the paid side: its name, and the layers that it adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name, which findings call the fund.
    pub name: &'static str,
    /// The layers.
    pub layers: [bool; LAYERS.len()],
}

impl Measure {
    /// What it comes to, of amounts by layer.
    pub fn of(&self, layers: &ByLayer) -> i64 {
        layers.iter().zip(self.layers).filter(|(_, counts)| *counts).map(|(fen, _)| fen).sum()
    }

    /// Whether what a layer of the audit pays counts.
    pub fn covers(&self, layer: Layer) -> bool {
        let column = Money::of_layer(layer);
        LAYERS.iter().zip(self.layers).any(|(of, counts)| *of == column && counts)
    }

    /// Whether some layer counts in both.
    pub fn shares_layers(&self, other: &Measure) -> bool {
        self.layers.iter().zip(other.layers).any(|(mine, theirs)| *mine && theirs)
    }
}

/// Catastrophic insurance, both layers.
pub const CATASTROPHIC: Measure = Measure { name: "catastrophic", layers: [true, true, false, false, false] };
/// Medical assistance, all layers.
pub const ASSISTANCE: Measure = Measure { name: "assistance", layers: [false, false, true, true, true] };
/// Everything.
pub const TOTAL: Measure = Measure { name: "total", layers: [true; LAYERS.len()] };

/// A layer by itself.
pub fn layer(number: usize) -> Measure {
    let mut layers = [false; LAYERS.len()];
    layers[number] = true;
    Measure { name: MONEY_NAMES[LAYERS[number] as usize], layers }
}

/// The figures that a paid side states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measures(pub Vec<Measure>);

impl Measures {
    /// Catastrophic insurance and assistance.
    pub fn funds() -> Self {
        Self(vec![CATASTROPHIC, ASSISTANCE])
    }

    /// Amounts by layer as the paid side would state them.
    pub fn of(&self, layers: &ByLayer) -> Vector {
        let mut vector = Vector::default();
        for (sum, measure) in vector.iter_mut().zip(&self.0) {
            *sum = measure.of(layers);
        }
        vector
    }

    /// What assistance was paid, as far as the paid side states it: a total stands for all layers.
    pub fn assistance(&self, paid: &Vector) -> i64 {
        paid.iter().zip(&self.0).filter(|(_, m)| m.shares_layers(&ASSISTANCE)).map(|(fen, _)| fen).sum()
    }

    /// Whether the paid side states assistance at all.
    pub fn states_assistance(&self) -> bool {
        self.0.iter().any(|m| m.shares_layers(&ASSISTANCE))
    }
}

/// `a − b`, figure by figure.
pub fn minus(a: &Vector, b: &Vector) -> Vector {
    std::array::from_fn(|n| a[n] - b[n])
}

/// `a + b`, figure by figure.
pub fn plus(a: &Vector, b: &Vector) -> Vector {
    std::array::from_fn(|n| a[n] + b[n])
}

/// Whether every figure is nought.
pub fn is_nought(a: &Vector) -> bool {
    a.iter().all(|fen| *fen == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_add_up_to_what_is_stated() {
        let layers = [100, 20, 3, 4, 5];
        assert_eq!(Measures(vec![CATASTROPHIC, ASSISTANCE]).of(&layers)[..2], [120, 12]);
        assert_eq!(Measures(vec![TOTAL]).of(&layers)[0], 132);
        assert_eq!(Measures(vec![layer(3)]).of(&layers)[0], 4);
        assert!(!Measures(vec![CATASTROPHIC]).states_assistance());
    }
}
