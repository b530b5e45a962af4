// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;
import static io.pghello.hibernate.ValueEvent.UPDATE;

import io.pghello.PgHelloException;
import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.internal.HelloRequest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Objects;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
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
record ServerValueAttribute(
    ServerValueCreator value,
    ValueStrategy strategy,
    AttributePath path,
    @Nullable AttributePath source,
    Class<?> type) {
  /**
   * Is a value to be computed for this entity?
   *
   * @param loaded the entity's state as it is in the database; null if that is not known
   * @param given what entities were given before
   */
  boolean isDue(
      Object entity, ValueEvent event, @Nullable Object @Nullable [] loaded, GivenValues given) {
    if (!value.isOn(event)) {
      return false;
    }
    Object now = path.get(entity);
    if (event == INSERT) {
      return value.overwrite() || isOpen(entity, now, given);
    }
    if (isUnset(now)) {
      return true;
    }
    if (loaded == null) {
      return source == null || source.isLoaded(entity);
    }
    boolean touched = !Objects.equals(now, path.getFrom(loaded, entity));
    if (touched || source == null) {
      return value.overwrite() || !touched || isOpen(entity, now, given);
    }
    return source.isLoaded(entity)
        && !Objects.equals(source.get(entity), source.getFrom(loaded, entity));
  }

  /**
   * Has the program left the value open? It has if there is none, or the one that the entity was
   * given for something else: another name, another setting of the session, or another time.
   */
  private boolean isOpen(Object entity, @Nullable Object now, GivenValues given) {
    if (isUnset(now)) {
      return true;
    }
    PrefetchedValues ofEntity = given.of(entity);
    PrefetchedValues.Answer answer = ofEntity == null ? null : ofEntity.find(this, now);
    if (answer == null) {
      return false;
    }
    return source == null
        || value.repeat() == WelcomeMessage.AS_SET
        || (source.isLoaded(entity) && !Objects.equals(answer.name(), name(entity)));
  }

  /**
   * Puts back what an INSERT has made if the program has left it open since, as it does who merges
   * an object with nulls.
   *
   * @param loaded the entity's state as it is in the database
   */
  void keep(Object entity, @Nullable Object[] loaded, GivenValues given) {
    if (value.isOn(UPDATE) || !path.isLoaded(entity) || !path.isReachable(entity)) {
      return;
    }
    Object made = path.getFrom(loaded, entity);
    Object now = path.get(entity);
    if (!isUnset(made)
        && !LazyPropertyInitializer.UNFETCHED_PROPERTY.equals(made)
        && !Objects.equals(now, made)
        && isOpen(entity, now, given)) {
      path.set(entity, made);
    }
  }

  boolean isUnset(@Nullable Object now) {
    return now == null || (type == long.class && now.equals(0L));
  }

  /** Who is greeted; null if there is no name, or the value is the time. */
  @Nullable String name(Object entity) {
    return source == null ? null : (String) source.get(entity);
  }

  /** What is to be asked for a greeting; null if there is no name, or the value is the time. */
  @Nullable HelloRequest request(Object entity) {
    String name = name(entity);
    if (name == null) {
      return null;
    }
    try {
      return HelloRequest.of(name, value.repeat(), String.valueOf(source));
    } catch (PgHelloException e) {
      throw Failures.converted(e, path.factory());
    }
  }

  /** Returns a time of the server as the attribute has it. */
  Object time(long millis) {
    if (type == Long.class || type == long.class) {
      return millis;
    }
    Instant time = Instant.ofEpochMilli(millis);
    return type == Instant.class ? time : (Object) time.atOffset(ZoneOffset.UTC);
  }

  /** Returns the time of the server that a value is. */
  static long millis(Object time) {
    if (time instanceof Long millis) {
      return millis;
    }
    return time instanceof OffsetDateTime other
        ? other.toInstant().toEpochMilli()
        : ((Instant) time).toEpochMilli();
  }
}
