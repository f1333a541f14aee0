//! A member that a user puts together: another one, with other features and other answers to CPUID.

use super::cpuid::has_subleaves;
use super::feature::CPUID_BITS;
use super::{
    CpuidLeaf, EVERYTHING, FEATURES, Feature, FeatureSet, Generation, Model, Output, TypedAnswer, Vendor,
};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Address lines of long mode and of PAE, at the least.
const WIDE_ADDRESSES: u32 = 36;
const LONG_LINEAR: u32 = 48;
/// Address lines of what a custom member may begin as.
const LEAST_ADDRESSES: u32 = 32;
/// How many leaves of each kind are listed at the most: a typed highest leaf may be any number.
const MOST_LEAVES: u32 = 32;
const FIRST_EXTENDED: u32 = 0x8000_0000;
const LAST_OF_BRAND: u32 = 0x8000_0004;

/// A custom member, as data that can be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomModel {
    /// The member that it is like in all that isn't said here: generation, address lines, what CPUID says of caches.
    pub base: String,
    pub vendor: Vendor,
    /// 0 to [`Self::LAST_FAMILY`].
    pub family: u16,
    /// 0 to [`Self::LAST_MODEL`]; only families 6 and 15 and above have more than 15.
    pub model: u8,
    /// 0 to [`Self::LAST_STEPPING`].
    pub stepping: u8,
    /// Up to [`Self::BRAND_LENGTH`] ASCII characters.
    pub brand: String,
    pub features: FeatureSet,
    /// What CPUID answers in place of what follows from the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typed_answers: Vec<TypedAnswer>,
}

/// A feature that is not there although others build on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub missing: Feature,
    /// Those that name it among their needs.
    pub above: Vec<Feature>,
}

/// One of CPUID's answers, as a table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedLeaf {
    pub leaf: u32,
    /// Where the answer depends on it.
    pub subleaf: Option<u32>,
    /// What follows from identity and features.
    pub own: CpuidLeaf,
    /// What is answered.
    pub answer: CpuidLeaf,
}

impl Default for CustomModel {
    /// Everything that there is.
    fn default() -> Self {
        Self::of(&EVERYTHING)
    }
}

impl CustomModel {
    /// What the command line and profiles call it.
    pub const NAME: &'static str = "custom";

    /// The highest family: four bits, and eight more to add to them.
    pub const LAST_FAMILY: u16 = 15 + 255;
    pub const LAST_MODEL: u8 = 255;
    pub const LAST_STEPPING: u8 = 15;
    /// The characters of a brand string; a zero ends it.
    pub const BRAND_LENGTH: usize = 47;

    /// As a member is.
    pub fn of(member: &Model) -> Self {
        let signature = member.signature;
        let family = (signature >> 8 & 0xF) as u16;
        let wide_family = if family == 15 { family + (signature >> 20 & 0xFF) as u16 } else { family };
        let wide_model = if has_wide_model(family) { signature >> 12 & 0xF0 } else { 0 };
        Self {
            base: member.name.to_owned(),
            vendor: member.vendor,
            family: wide_family,
            model: (wide_model | signature >> 4 & 0xF) as u8,
            stepping: (signature & 0xF) as u8,
            brand: member.brand.to_owned(),
            features: member.features,
            typed_answers: Vec::new(),
        }
    }

    /// Whether a custom member may begin as this one. Earlier ones have buses and opcodes of their own.
    pub fn may_begin_as(member: &Model) -> bool {
        member.address_bits >= LEAST_ADDRESSES
    }

    /// Each feature that is missing beneath others.
    pub fn gaps(&self) -> Vec<Gap> {
        let needed = FEATURES.iter().map(|row| row.feature).filter(|needed| !self.features.has(*needed));
        let gap = |missing: Feature| {
            let above: Vec<Feature> = missing.above().filter(|above| self.features.has(*above)).collect();
            (!above.is_empty()).then_some(Gap { missing, above })
        };
        needed.filter_map(gap).collect()
    }

    /// With a feature and all that it builds on.
    #[must_use]
    pub fn with(&self, feature: Feature) -> Self {
        let mut features = self.features;
        let mut added = vec![feature];
        while let Some(feature) = added.pop() {
            features = features.with(&[feature]);
            added.extend(feature.described().needs.iter().filter(|need| !features.has(**need)));
        }
        Self { features, ..self.clone() }
    }

    /// Without a feature and all that build on it.
    #[must_use]
    pub fn without(&self, feature: Feature) -> Self {
        let mut features = self.features;
        let mut removed = vec![feature];
        while let Some(feature) = removed.pop() {
            features = features.without(&[feature]);
            removed.extend(feature.above().filter(|above| features.has(*above)));
        }
        Self { features, ..self.clone() }
    }

    /// What is wrong with the answers to CPUID, as a sentence without its end.
    pub fn problem(&self) -> Option<String> {
        match self {
            _ if !self.base().is_some_and(Self::may_begin_as) => {
                Some(format!("A custom processor cannot begin as {}", self.base))
            }
            Self { family, .. } if *family > Self::LAST_FAMILY => {
                Some(format!("A family is at most {}, not {family}", Self::LAST_FAMILY))
            }
            Self { model: 16.., family, .. } if !has_wide_model(*family) => Some(format!(
                "Family {family} has models up to 15 only; family 6, and those from 15 on, have more"
            )),
            Self { stepping, .. } if *stepping > Self::LAST_STEPPING => {
                Some(format!("A stepping is at most {}", Self::LAST_STEPPING))
            }
            Self { brand, .. } if !brand.is_ascii() || brand.len() > Self::BRAND_LENGTH => {
                Some(format!("The brand string takes {} plain characters", Self::BRAND_LENGTH))
            }
            _ => self.contradiction(),
        }
    }

    /// Two typed answers to one question.
    fn contradiction(&self) -> Option<String> {
        let place = |typed: &TypedAnswer| (typed.leaf, typed.subleaf, typed.output);
        let again = |at: usize, typed| self.typed_answers[..at].iter().any(|one| place(one) == place(typed));
        let (_, typed) = self.typed_answers.iter().enumerate().find(|(at, typed)| again(*at, *typed))?;
        Some(format!("CPUID has two answers in {} of leaf {:08X}", typed.output.label(), typed.leaf))
    }

    fn base(&self) -> Option<&'static Model> {
        Model::by_name(&self.base)
    }

    /// The member. Equal ones are the same; each lives as long as the program, which has few of them.
    ///
    /// # Errors
    /// As [`Self::problem`].
    pub fn model(&self) -> Result<&'static Model, String> {
        static MADE: Mutex<Vec<(CustomModel, &'static Model)>> = Mutex::new(Vec::new());
        if let Some(problem) = self.problem() {
            return Err(problem);
        }
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, model)) = made.iter().find(|(known, _)| known == self) {
            return Ok(model);
        }
        let model: &'static Model = Box::leak(Box::new(Model {
            brand: Box::leak(self.brand.clone().into_boxed_str()),
            typed_answers: Box::leak(self.typed_answers.clone().into_boxed_slice()),
            ..self.unanswered()
        }));
        made.push((self.clone(), model));
        Ok(model)
    }

    /// All of the member but its brand string and the typed answers, other than how many leaves they make of it.
    fn unanswered(&self) -> Model {
        let base = self.base().unwrap_or(&EVERYTHING);
        let has = |feature| self.features.has(feature);
        let is_wide = has(Feature::Pae) || has(Feature::LongMode);
        let is_long = has(Feature::LongMode);
        Model {
            name: Self::NAME,
            title: "Custom processor",
            vendor: self.vendor,
            // Long mode brings the flags and the bits of CR0 that no member lacks that has it.
            generation: if is_long { Generation::P6 } else { base.generation },
            features: self.features,
            signature: self.signature(),
            brand: "",
            highest_leaf: self.typed(0).unwrap_or(self.highest_leaf(base)),
            highest_extended_leaf: self.typed(FIRST_EXTENDED).unwrap_or(self.highest_extended_leaf(base)),
            typed_answers: &[],
            address_bits: base.address_bits.max(if is_wide { WIDE_ADDRESSES } else { 0 }),
            linear_bits: base.linear_bits.max(if is_long { LONG_LINEAR } else { 0 }),
            ..base.clone()
        }
    }

    /// The highest leaf that was typed, where one was.
    fn typed(&self, first: u32) -> Option<u32> {
        let is_highest = |typed: &&TypedAnswer| typed.leaf == first && typed.output == Output::Eax;
        self.typed_answers.iter().find(is_highest).map(|typed| typed.value)
    }

    /// As many leaves as the base has, and those that features show in.
    fn highest_leaf(&self, base: &Model) -> u32 {
        let of = |feature, leaf| if self.features.has(feature) { leaf } else { 0 };
        let told = of(Feature::Cpuid, 1).max(of(Feature::Monitor, 5)).max(of(Feature::Xsave, 13));
        base.highest_leaf.max(told).max(self.last_feature_leaf(0..FIRST_EXTENDED))
    }

    fn highest_extended_leaf(&self, base: &Model) -> u32 {
        let told = [
            if self.brand.is_empty() { 0 } else { LAST_OF_BRAND },
            if self.features.has(Feature::LongMode) { 0x8000_0008 } else { 0 },
            self.last_feature_leaf(FIRST_EXTENDED..u32::MAX),
        ];
        told.into_iter().fold(base.highest_extended_leaf, u32::max)
    }

    /// The last leaf in which any of the features shows; 0: there is none.
    fn last_feature_leaf(&self, leaves: std::ops::Range<u32>) -> u32 {
        let rows = CPUID_BITS.iter().filter(|row| leaves.contains(&row.leaf));
        let told = rows.filter(|row| row.bits.iter().any(|(feature, _)| self.features.has(*feature)));
        told.map(|row| row.leaf).max().unwrap_or(0)
    }

    /// CPUID's (EAX = 1; Intel SDM volume 2).
    fn signature(&self) -> u32 {
        let family = u32::from(self.family);
        let model = u32::from(self.model);
        let wide_family = family.saturating_sub(15) << 20;
        (model & 0xF0) << 12
            | wide_family
            | family.min(15) << 8
            | (model & 0xF) << 4
            | u32::from(self.stepping)
    }

    /// What CPUID answers, leaf by leaf, but for the brand string's leaves; nothing where there is no CPUID.
    pub fn leaves(&self) -> Vec<ListedLeaf> {
        if !self.features.has(Feature::Cpuid) {
            return Vec::new();
        }
        let model = self.unanswered();
        // With no typed answer the highest leaves are others.
        let own = Self { typed_answers: Vec::new(), ..self.clone() }.unanswered();
        let basic = 0..=model.highest_leaf.min(MOST_LEAVES - 1);
        let last_extended = model.highest_extended_leaf.min(FIRST_EXTENDED + MOST_LEAVES - 1);
        let extended =
            (FIRST_EXTENDED..=last_extended).filter(|leaf| !(0x8000_0002..=LAST_OF_BRAND).contains(leaf));
        let places =
            basic.chain(extended).flat_map(|leaf| subleaves(&model, leaf).map(move |sub| (leaf, sub)));
        let listed = |(leaf, subleaf): (u32, u32)| {
            let first = if leaf == 0 || leaf == FIRST_EXTENDED { &own } else { &model };
            let own = first.cpuid(leaf, subleaf);
            let mut answer = own;
            self.typed_answers.iter().for_each(|typed| typed.put_in(&mut answer, leaf, subleaf));
            ListedLeaf { leaf, subleaf: has_subleaves(leaf).then_some(subleaf), own, answer }
        };
        places.map(listed).collect()
    }

    /// Types an answer; the one that follows from the rest takes an earlier one back.
    pub fn type_answer(&mut self, listed: &ListedLeaf, output: Output, value: u32) {
        let (leaf, subleaf) = (listed.leaf, listed.subleaf.unwrap_or(0));
        let is_other =
            |typed: &TypedAnswer| (typed.leaf, typed.subleaf, typed.output) != (leaf, subleaf, output);
        self.typed_answers.retain(is_other);
        let mut own = listed.own;
        if *own.output(output) != value {
            self.typed_answers.push(TypedAnswer { leaf, subleaf, output, value });
        }
    }
}

/// The subleaves that say something.
fn subleaves(model: &Model, leaf: u32) -> std::ops::Range<u32> {
    match leaf {
        4 => 0..model.cache_leaves.len().max(1) as u32,
        13 => 0..3,
        _ => 0..1,
    }
}

/// Whether a family's models have four more bits.
fn has_wide_model(family: u16) -> bool {
    family == 6 || family >= 15
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::x86::model::{CORE_2, I486DX2, I80386DX, MODELS, PENTIUM, X86_64_V3};
    use iced_x86::DecoderOptions;

    #[test]
    fn a_member_put_together_as_another_answers_as_it_does() {
        for member in MODELS.into_iter().filter(|member| member.offers(Feature::Cpuid)) {
            let custom = CustomModel::of(member);
            assert_eq!(custom.gaps(), [], "{}", member.name);
            let model = custom.model().unwrap();
            // Bits above the wide model say what kind of part it is; no custom member has them.
            assert_eq!(model.signature, member.signature & 0x0FFF_0FFF, "{}", member.name);
            for leaf in (0..20).chain(0x8000_0000..0x8000_000A) {
                assert_eq!(model.cpuid(leaf, 0), member.cpuid(leaf, 0), "{} {leaf:x}", member.name);
            }
        }
    }

    #[test]
    fn equal_ones_are_made_once() {
        let custom = CustomModel { brand: "made once".to_owned(), ..CustomModel::of(&PENTIUM) };
        assert!(std::ptr::eq(custom.model().unwrap(), custom.clone().model().unwrap()));
    }

    #[test]
    fn what_a_feature_builds_on_is_asked_for_and_added_or_the_feature_taken_away() {
        let mut custom = CustomModel::of(&I486DX2);
        custom.features = custom.features.with(&[Feature::Avx2]);
        assert_eq!(custom.gaps(), [Gap { missing: Feature::Avx, above: vec![Feature::Avx2] }]);
        let whole = custom.with(Feature::Avx);
        assert_eq!(whole.gaps(), []);
        assert!(whole.features.has(Feature::Fxsr) && whole.features.has(Feature::Sse3));
        let model = whole.model().unwrap();
        assert!(model.cpuid(7, 0).ebx >> 5 & 1 == 1 && model.cpuid(0, 0).eax >= 13);
        let less = whole.without(Feature::Sse2);
        assert_eq!(less.gaps(), []);
        assert!(less.features.has(Feature::Sse) && !less.features.has(Feature::Avx2));
    }

    #[test]
    fn each_feature_alone_shows_in_a_leaf_that_is_there() {
        let without = CustomModel { features: FeatureSet::EMPTY, ..CustomModel::of(&I486DX2) };
        for row in &CPUID_BITS {
            for (feature, bit) in row.bits {
                let custom = without.with(Feature::Cpuid).with(*feature);
                let mut answer = custom.model().unwrap().cpuid(row.leaf, row.subleaf);
                assert!(*answer.output(row.output) >> bit & 1 == 1, "{feature:?}");
            }
        }
        let branded = CustomModel { brand: "Mine".to_owned(), ..without.with(Feature::Cpuid) };
        assert_eq!(branded.model().unwrap().cpuid(0x8000_0002, 0).eax, u32::from_le_bytes(*b"Mine"));
    }

    #[test]
    fn long_mode_has_long_addresses() {
        let model = CustomModel::of(&PENTIUM).with(Feature::LongMode).model().unwrap();
        assert!(model.linear_bits == 48 && model.address_bits >= 36 && model.generation == Generation::P6);
    }

    #[test]
    fn opcodes_that_later_instructions_took_are_theirs() {
        let old = CustomModel::of(&I80386DX);
        let of_old = DecoderOptions::UMOV | DecoderOptions::LOADALL386;
        assert_eq!(old.model().unwrap().decoder_options() & of_old, of_old);
        let new = old.with(Feature::Sse).with(Feature::Syscall);
        assert_eq!(new.model().unwrap().decoder_options() & of_old, 0);
    }

    #[test]
    fn a_typed_answer_counts_until_it_is_taken_back() {
        let mut custom = CustomModel::of(&CORE_2);
        let find = |custom: &CustomModel, leaf| {
            let found =
                custom.leaves().into_iter().find(|listed| (listed.leaf, listed.subleaf.unwrap_or(0)) == leaf);
            found.unwrap_or_else(|| panic!("leaf {leaf:?}"))
        };
        let features = find(&custom, (1, 0));
        custom.type_answer(&features, Output::Ecx, 0x1234);
        let caches = find(&custom, (4, 1));
        custom.type_answer(&caches, Output::Eax, 7);
        let first = find(&custom, (0, 0));
        custom.type_answer(&first, Output::Eax, 5);
        assert_eq!(custom.problem(), None);
        let model = custom.model().unwrap();
        assert_eq!(model.cpuid(1, 9), CpuidLeaf { ecx: 0x1234, ..CORE_2.cpuid(1, 0) });
        assert_eq!((model.cpuid(4, 1).eax, model.cpuid(4, 0)), (7, CORE_2.cpuid(4, 0)));
        assert_eq!((model.cpuid(0, 0).eax, model.cpuid(10, 0)), (5, model.cpuid(5, 0)));
        assert_eq!(find(&custom, (0, 0)).own, CORE_2.cpuid(0, 0));
        for (place, output) in [((1, 0), Output::Ecx), ((4, 1), Output::Eax), ((0, 0), Output::Eax)] {
            let mut listed = find(&custom, place);
            let own = *listed.own.output(output);
            custom.type_answer(&listed, output, own);
        }
        assert_eq!(custom, CustomModel::of(&CORE_2));
    }

    #[test]
    fn no_typed_answer_makes_a_long_list() {
        let mut custom = CustomModel::of(&CORE_2);
        let first = custom.leaves()[0];
        custom.type_answer(&first, Output::Eax, u32::MAX);
        assert!(custom.leaves().len() < 60);
        assert_eq!(custom.model().unwrap().cpuid(u32::MAX, 0), CpuidLeaf::default());
    }

    #[test]
    fn mistakes_are_told() {
        let good = CustomModel::of(&CORE_2);
        assert_eq!(good.problem(), None);
        let typed = TypedAnswer { leaf: 1, subleaf: 0, output: Output::Eax, value: 1 };
        for wrong in [
            CustomModel { base: "z80".to_owned(), ..good.clone() },
            CustomModel { base: "80286".to_owned(), ..good.clone() },
            CustomModel { family: 300, ..good.clone() },
            CustomModel { family: 5, model: 16, ..good.clone() },
            CustomModel { stepping: 16, ..good.clone() },
            CustomModel { brand: "x".repeat(48), ..good.clone() },
            CustomModel { brand: "é".to_owned(), ..good.clone() },
            CustomModel { typed_answers: vec![typed, TypedAnswer { value: 2, ..typed }], ..good.clone() },
        ] {
            assert!(wrong.problem().is_some() && wrong.model().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn features_are_written_by_name() {
        let set = FeatureSet::of(&[Feature::Sse, Feature::Fpu]);
        let list: Vec<Feature> = set.into();
        assert_eq!(list, [Feature::Fpu, Feature::Sse]);
        assert_eq!(FeatureSet::from(list), set);
        assert!(CustomModel::default().features.has(Feature::Sha) && !X86_64_V3.offers(Feature::Sha));
    }
}
