// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.internal.Question;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An attribute of an entity type that is filled, as it is when a session runs.
 *
 * @param value what its annotation asks for
 * @param strategy how the value comes; not {@code AUTO}
 * @param path where it is
 * @param source where the name is that is greeted; null if the value is the time
 * @param type the attribute's type
 */
record FilledAttribute(
    ServerValue value,
    ValueStrategy strategy,
    AttributePath path,
    @Nullable AttributePath source,
    Class<?> type) {
  /**
   * Is a value to be computed for this entity?
   *
   * @param loaded the entity's state as it is in the database; null if that is not known
   */
  boolean isDue(Object entity, ValueEvent event, @Nullable Object @Nullable [] loaded) {
    if (!value.isOn(event)) {
      return false;
    }
    Object now = path.get(entity);
    if (event == INSERT) {
      return value.overwrite() || isUnset(now);
    }
    if (loaded == null || isUnset(now)) {
      return true;
    }
    boolean touched = !Objects.equals(now, path.getFrom(loaded, entity));
    if (touched || source == null) {
      return value.overwrite() || !touched;
    }
    return source.isLoaded(entity)
        && !Objects.equals(source.get(entity), source.getFrom(loaded, entity));
  }

  boolean isUnset(@Nullable Object now) {
    return now == null || (type == long.class && now.equals(0L));
  }

  /** Who is greeted; null if there is no name, or the value is the time. */
  @Nullable String name(Object entity) {
    return source == null ? null : (String) source.get(entity);
  }

  /** What is to be asked for a greeting; null if there is no name, or the value is the time. */
  @Nullable Question question(Object entity) {
    String name = name(entity);
    return name == null ? null : Question.of(name, value.repeat(), String.valueOf(source));
  }

  Object time(long millis) {
    if (type == Long.class || type == long.class) {
      return millis;
    }
    Instant time = Instant.ofEpochMilli(millis);
    return type == Instant.class ? time : (Object) time.atOffset(ZoneOffset.UTC);
  }
}
