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
@AutoConfigureExtensionDatabase(extensions = "vector", reset = Reset.BEFORE_EACH_METHOD)
class NoteRepositoryTest {
  @Autowired private NoteRepository notes;

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
  void startsWithoutTheNotesOfOtherTests() {
    assertThat(notes.count()).isZero();
  }
}
// endregion
