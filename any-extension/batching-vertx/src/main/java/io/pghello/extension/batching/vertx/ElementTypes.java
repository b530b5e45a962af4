// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.data.Numeric;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Converts the elements of arrays between the classes of JDBC and those of Vert.x. */
final class ElementTypes {
  private ElementTypes() {}

  /**
   * Returns an array that Vert.x can send.
   *
   * @param type the name of the element type
   */
  static @Nullable Object[] toVertx(String type, @Nullable Object[] elements) {
    return switch (type) {
      case "text", "varchar" -> copy(elements, String[].class);
      case "int2" -> copy(elements, Short[].class);
      case "int4" -> copy(elements, Integer[].class);
      case "int8" -> copy(elements, Long[].class);
      case "float4" -> copy(elements, Float[].class);
      case "float8" -> copy(elements, Double[].class);
      case "bool" -> copy(elements, Boolean[].class);
      case "bytea" -> map(elements, each -> Buffer.buffer((byte[]) each), Buffer[]::new);
      case "uuid" -> copy(elements, UUID[].class);
      case "date" -> copy(elements, LocalDate[].class);
      case "timestamptz" -> copy(elements, OffsetDateTime[].class);
      default ->
          throw new UnsupportedOperationException(
              "VertxConnections does not support arrays of the type "
                  + type
                  + ". Pass an array of the type text, and cast it in the function's SQL.");
    };
  }

  private static @Nullable Object[] copy(
      @Nullable Object[] elements, Class<? extends Object[]> type) {
    return type.isInstance(elements) ? elements : Arrays.copyOf(elements, elements.length, type);
  }

  /** Returns the array that JDBC returns for the same value. */
  static @Nullable Object[] toJdbc(@Nullable Object[] elements) {
    if (elements instanceof Numeric[]) {
      return map(elements, each -> ((Numeric) each).bigDecimalValue(), BigDecimal[]::new);
    }
    if (elements instanceof Buffer[]) {
      return map(elements, each -> ((Buffer) each).getBytes(), byte[][]::new);
    }
    if (elements instanceof LocalDate[]) {
      return map(elements, each -> Date.valueOf((LocalDate) each), Date[]::new);
    }
    if (elements instanceof OffsetDateTime[]) {
      return map(
          elements, each -> Timestamp.from(((OffsetDateTime) each).toInstant()), Timestamp[]::new);
    }
    return elements;
  }

  private static <T> @Nullable T[] map(
      @Nullable Object[] elements,
      Function<Object, @Nullable T> conversion,
      IntFunction<@Nullable T[]> type) {
    return Arrays.stream(elements)
        .map(each -> each == null ? null : conversion.apply(each))
        .toArray(type);
  }
}
