// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import java.io.Serial;
import java.time.Instant;
import org.jooq.impl.AbstractConverter;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code now_ms()} returns, milliseconds since 1970-01-01 00:00:00 UTC, as an {@link
 * Instant}, and writes it back. It also fits columns that {@code now_ms()} fills: name it in a
 * forced type of jOOQ's code generator, or use {@code field.convert(new EpochMillisConverter())}.
 *
 * <p>Null stays null. What an instant has beyond milliseconds is dropped on the way to the
 * database, as {@link Instant#toEpochMilli()} does; an instant too far away for a {@code long}
 * fails with an {@link ArithmeticException}.
 *
 * <p>Immutable, so thread-safe.
 */
public final class EpochMillisConverter extends AbstractConverter<Long, Instant> {
  @Serial private static final long serialVersionUID = 1L;

  /** Creates a converter; all are alike. */
  public EpochMillisConverter() {
    super(Long.class, Instant.class);
  }

  /** Returns the instant that is so many milliseconds after 1970, or null for null. */
  @Override
  public @Nullable Instant from(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochMilli(millis);
  }

  /**
   * Returns how many milliseconds after 1970 an instant is, or null for null.
   *
   * @throws ArithmeticException if there are more than a {@code long} can hold
   */
  @Override
  public @Nullable Long to(@Nullable Instant instant) {
    return instant == null ? null : instant.toEpochMilli();
  }
}
