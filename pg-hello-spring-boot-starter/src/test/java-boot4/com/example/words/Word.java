// SPDX-License-Identifier: MIT
package com.example.words;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import org.jspecify.annotations.Nullable;

@Entity
class Word {
  @Id @Nullable String text;

  protected Word() {}

  Word(String text) {
    this.text = text;
  }
}
