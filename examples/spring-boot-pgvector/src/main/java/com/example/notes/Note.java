// SPDX-License-Identifier: MIT
// region entity
package com.example.notes;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import org.hibernate.annotations.Array;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;

@Entity
public class Note {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;

  private String text;

  @JdbcTypeCode(SqlTypes.VECTOR)
  @Array(length = 3)
  private float[] embedding;

  protected Note() {}

  public Note(String text, float[] embedding) {
    this.text = text;
    this.embedding = embedding;
  }

  public String getText() {
    return text;
  }
}
// endregion
