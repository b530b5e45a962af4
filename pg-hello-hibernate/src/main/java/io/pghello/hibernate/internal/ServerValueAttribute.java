// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;
import static io.pghello.hibernate.ValueEvent.UPDATE;

import io.pghello.PgHelloException;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.internal.HelloRequest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Objects;
import org.hibernate.engine.spi.EntityEntry;
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
   * Returns whether a value is to be computed for an entity.
   *
   * @param given what entities were given before
   */
  boolean isDue(EntityWrite write, GivenValues given) {
    if (!value.isOn(write.event()) || write.isBeforeDelete()) {
      return false;
    }
    Object now = path.get(write.entity());
    if (write.event() == INSERT || write.isOfDetached()) {
      return value.overwrite() || isOpen(write, now, given);
    }
    @Nullable Object @Nullable [] loaded = write.loaded();
    boolean touched = loaded != null && !isSame(now, path.getFrom(loaded, write.entity()));
    if (isNameUnread(write)) {
      return touched && (value.overwrite() || isUnset(now));
    }
    if (isUnset(now) || loaded == null) {
      return true;
    }
    if (touched || source == null) {
      return value.overwrite() || !touched || isOpen(write, now, given);
    }
    return write.renames(source, loaded);
  }

  /** Returns whether the name is lazy and has not been read, so that the program has not set it. */
  private boolean isNameUnread(EntityWrite write) {
    return source != null && !source.isLoaded(write.entity());
  }

  /**
   * Returns the value that needs no question: null if there is no name to greet, and the greeting
   * that was loaded if its name was not.
   */
  @Nullable Object unasked(EntityWrite write) {
    @Nullable Object @Nullable [] loaded = write.loaded();
    return loaded != null && isNameUnread(write) ? path.getFrom(loaded, write.entity()) : null;
  }

  /** Returns whether two values are the same; times are, whatever their offset. */
  static boolean isSame(@Nullable Object one, @Nullable Object other) {
    if (one instanceof OffsetDateTime time && other instanceof OffsetDateTime another) {
      return time.isEqual(another);
    }
    return Objects.equals(one, other);
  }

  /**
   * Returns whether the program has left the value open. It has if there is none, or the one that
   * the entity was given for something else: another name, another setting of the session, or
   * another time.
   */
  private boolean isOpen(EntityWrite write, @Nullable Object now, GivenValues given) {
    if (isUnset(now)) {
      return true;
    }
    Answers ofEntity = given.of(write.entity(), write.entry());
    Answers.Answer answer = ofEntity == null ? null : ofEntity.find(this, now);
    if (answer == null) {
      return false;
    }
    return source == null
        || value.repeat() == WelcomeMessage.AS_SET
        || (source.isLoaded(write.entity()) && !Objects.equals(answer.name(), name(write)));
  }

  /**
   * Notes the value that an entity was loaded with as given, unless it is the program's: a greeting
   * is the program's if it is not that of the name beside it, and a time if only the INSERT fills
   * it, as a copy is to keep it.
   *
   * @param state what was loaded
   */
  void noteLoaded(Object entity, @Nullable Object[] state, Answers given) {
    Object now = path.getFrom(state, entity);
    if (source == null && !value.isOn(UPDATE)) {
      if (given.find(this, now) == null) {
        given.remove(this);
      }
      return;
    }
    given.remove(this);
    if (now == null || isUnset(now) || AttributePath.isUnfetched(now)) {
      return;
    }
    if (source == null) {
      given.put(this, null, now);
    } else if (now instanceof String greeting
        && source.getFrom(state, entity) instanceof String name
        && HelloRequest.isGreeting(greeting, name, value.repeat())) {
      given.put(this, name, greeting);
    }
  }

  /** Returns whether an entity has a value, as far as it is loaded. */
  boolean has(Object entity, Object wanted) {
    return path.isLoaded(entity) && path.isReachable(entity) && isSame(path.get(entity), wanted);
  }

  /** Forgets what an entity was given if the program has set something else since. */
  void noteChange(Object entity, @Nullable EntityEntry entry, GivenValues given) {
    Object now = path.isLoaded(entity) ? path.get(entity) : null;
    if (!isUnset(now)) {
      Answers ofEntity = given.of(entity, entry);
      if (ofEntity != null && ofEntity.find(this, now) == null) {
        ofEntity.remove(this);
      }
    }
  }

  /**
   * Looks at what has changed since the entity was loaded. Puts back what an INSERT has made if the
   * program has left it open since, as it does who merges an object with nulls.
   */
  void keep(Object entity, EntityEntry entry, GivenValues given) {
    @Nullable Object @Nullable [] loaded = entry.getLoadedState();
    if (loaded == null || !path.isLoaded(entity) || !path.isReachable(entity)) {
      return;
    }
    Object made = path.getFrom(loaded, entity);
    Object now = path.get(entity);
    if (AttributePath.isUnfetched(made) || Objects.equals(now, made)) {
      return;
    }
    noteChange(entity, entry, given);
    if (!value.isOn(UPDATE)
        && !isUnset(made)
        && isOpen(new EntityWrite(entity, UPDATE, entry, null), now, given)) {
      path.set(entity, made);
    }
  }

  boolean isUnset(@Nullable Object now) {
    return now == null || (type == long.class && now.equals(0L));
  }

  /** Returns the name to greet; null if there is none, or the value is the time. */
  @Nullable String name(EntityWrite write) {
    return source == null ? null : write.name(source);
  }

  /** Returns the request for a greeting; null if there is no name, or the value is the time. */
  @Nullable HelloRequest request(EntityWrite write) {
    String name = name(write);
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
