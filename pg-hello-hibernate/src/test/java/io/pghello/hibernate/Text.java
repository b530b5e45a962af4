// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An entity of an enhanced class, which is loaded by a different class loader from the tests. */
public interface Text {
  /** Sets all attributes of the application. */
  void write(int id, String title, @Nullable String body);

  /** Sets the title. */
  void title(String title);

  /** Sets the body. */
  void body(@Nullable String body);

  /** Sets the greeting of the body, which is overwritten. */
  void greeting(@Nullable String greeting);

  /** Returns the greeting of the body. */
  @Nullable String greeting();

  /** Returns all greetings. */
  List<Object> greetings();

  /** Returns the time of the last change. */
  long changedAt();

  /** Returns how often it was changed. */
  int version();

  /** Sets the name in the embedded object. */
  void owner(String owner);
}
