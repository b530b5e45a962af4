// SPDX-License-Identifier: MIT
// region repository
package com.example.notes;

import java.util.List;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

public interface NoteRepository extends JpaRepository<Note, Long> {
  /** Returns the notes with the most similar embeddings, the most similar note first. */
  @Query("from Note n order by l2_distance(n.embedding, :embedding) limit :limit")
  List<Note> findNearest(float[] embedding, int limit);
}
// endregion
