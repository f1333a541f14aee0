//! How loud, and on what.

use crate::gui::settings::page::RowCx;
use crate::gui::settings::pages::cards;
use crate::gui::settings::row::{Control, Row};
use machines::catalogue::Category;
use machines::profile::SoundProfile;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let SoundProfile { volume, muted } = cx.profile.sound;
    let device = match &cx.host.sound {
        Some(Ok(name)) => Control::Fact(name.clone()),
        Some(Err(reason)) => Control::Fact(reason.clone()),
        None => Control::Fact("not looked for yet".to_owned()),
    };
    let volume = Control::Number {
        value: volume.into(),
        first: 0,
        last: SoundProfile::LOUDEST.into(),
        step: 5,
        unit: "%",
        set: Box::new(|profile, volume| {
            profile.sound.volume = u16::try_from(volume).unwrap_or(SoundProfile::LOUDEST);
        }),
    };
    let muted = Control::Switch { is_on: muted, set: Box::new(|profile, is_on| profile.sound.muted = is_on) };
    let mut rows = vec![
        Row::new("Volume", volume, "100 % is as loud as the machine itself.").at_once(),
        Row::new("Mute", muted, "The guest notices nothing of it.").at_once(),
        Row::new("Sound device", device, "Machines play on this computer's own choice of a device.")
            .at_once(),
    ];
    rows.extend(cards::rows_of(cx, Category::Sound));
    rows
}
