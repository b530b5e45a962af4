// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import java.io.Serial;
import java.time.Instant;
import org.jooq.impl.AbstractConverter;
import org.jspecify.annotations.Nullable;

/**
 * Converts between the result of {@code now_ms()}, milliseconds since 1970-01-01 00:00:00 UTC, and
 * an {@link Instant}. Use it for columns that {@code now_ms()} fills, in a forced type of jOOQ's
 * code generator or with {@code field.convert(new EpochMillisConverter())}.
 *
 * <p>Null is converted to null. {@link Instant#toEpochMilli()} truncates an instant to milliseconds
 * before it is sent to the database. The conversion throws an {@link ArithmeticException} if the
 * result does not fit into a {@code long}.
 *
 * <p>Immutable and thread-safe.
 */
public final class EpochMillisConverter extends AbstractConverter<Long, Instant> {
  @Serial private static final long serialVersionUID = 1L;

  /** Creates a converter. All converters are equivalent. */
  public EpochMillisConverter() {
    super(Long.class, Instant.class);
  }

  /** Returns the instant for milliseconds since 1970; null if the argument is null. */
  @Override
  public @Nullable Instant from(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochMilli(millis);
  }

  /**
   * Returns the milliseconds from 1970 to an instant; null if the argument is null.
   *
   * @throws ArithmeticException if the result does not fit into a {@code long}
   */
  @Override
  public @Nullable Long to(@Nullable Instant instant) {
    return instant == null ? null : instant.toEpochMilli();
  }
}
