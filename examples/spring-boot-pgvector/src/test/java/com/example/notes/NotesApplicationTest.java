// SPDX-License-Identifier: MIT
// region test
package com.example.notes;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

@SpringBootTest
@AutoConfigureExtensionDatabase(
    extensions = {"vector", "postgis"},
    reset = Reset.BEFORE_EACH_METHOD)
class NotesApplicationTest {
  @Autowired private NoteRepository notes;
  @Autowired private PlaceRepository places;

  @Test
  void findsTheNearestNotes() {
    notes.save(new Note("north", new float[] {0, 1, 0}));
    notes.save(new Note("east", new float[] {1, 0, 0}));
    notes.save(new Note("up", new float[] {0, 0, 1}));

    assertThat(notes.findNearest(new float[] {0.2f, 0.9f, 0}, 2))
        .extracting(Note::getText)
        .containsExactly("north", "east");
  }

  @Test
  void findsPlacesWithinADistance() {
    places.save("Eiffel Tower", 2.2945, 48.8584);
    places.save("Big Ben", -0.1246, 51.5007);

    assertThat(places.findNear(2.3522, 48.8566, 10_000)).containsExactly("Eiffel Tower");
  }

  @Test
  void startsWithoutTheNotesOfOtherTests() {
    assertThat(notes.count()).isZero();
  }
}
// endregion
