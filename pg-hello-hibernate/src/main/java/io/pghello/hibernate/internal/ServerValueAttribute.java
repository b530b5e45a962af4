// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.batching.FunctionCallException;
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
 * An annotated attribute of an entity type, in the form that sessions use at runtime.
 *
 * @param value the settings of the attribute's annotation
 * @param strategy the strategy for obtaining the value; never {@code AUTO}
 * @param path the path to the attribute
 * @param source the path to the greeted name; null if the value is the time
 * @param type the attribute's type
 */
record ServerValueAttribute(
    ServerValueCreator value,
    ValueStrategy strategy,
    AttributePath path,
    @Nullable AttributePath source,
    Class<?> type) {
  /**
   * Returns whether a value must be computed for an entity.
   *
   * @param filledValues the values that entities were filled with earlier
   */
  boolean isDue(EntityWrite write, FilledValueTracker filledValues) {
    if (!value.isOn(write.event()) || write.isBeforeDelete()) {
      return false;
    }
    Object now = path.get(write.entity());
    if (write.event() == INSERT || write.isOfDetached()) {
      return value.overwrite() || isReplaceable(write, now, filledValues);
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
      return value.overwrite() || !touched || isReplaceable(write, now, filledValues);
    }
    return write.renames(source, loaded);
  }

  /**
   * Returns whether the name is a lazy attribute that has not been loaded. In this case, the
   * application cannot have set the name.
   */
  private boolean isNameUnread(EntityWrite write) {
    return source != null && !source.isLoaded(write.entity());
  }

  /**
   * Returns the value if no query is needed: null if there is no name to greet, or the loaded
   * greeting if the name was not loaded.
   */
  @Nullable Object valueWithoutQuery(EntityWrite write) {
    @Nullable Object @Nullable [] loaded = write.loaded();
    return loaded != null && isNameUnread(write) ? path.getFrom(loaded, write.entity()) : null;
  }

  /** Returns whether two values are equal. Times are compared regardless of their offsets. */
  static boolean isSame(@Nullable Object one, @Nullable Object other) {
    if (one instanceof OffsetDateTime time && other instanceof OffsetDateTime another) {
      return time.isEqual(another);
    }
    return Objects.equals(one, other);
  }

  /**
   * Returns whether a value may be replaced because the application has not set it. This is the
   * case if the value is missing, or if it was filled in earlier and may be outdated: a time, a
   * greeting for another name, or a greeting that depends on the session's settings.
   */
  private boolean isReplaceable(
      EntityWrite write, @Nullable Object now, FilledValueTracker filledValues) {
    if (isUnset(now)) {
      return true;
    }
    ServerValues entityValues = filledValues.of(write.entity(), write.entry());
    ServerValues.ServerValue serverValue =
        entityValues == null ? null : entityValues.find(this, now);
    if (serverValue == null) {
      return false;
    }
    return source == null
        || value.repeat() == WelcomeMessage.SESSION_DEFAULT
        || (source.isLoaded(write.entity()) && !Objects.equals(serverValue.name(), name(write)));
  }

  /**
   * Records the loaded value of an entity as filled in, unless it counts as set by the application.
   * A greeting counts as set if it does not match the loaded name. A time counts as set if the
   * attribute is filled only on INSERT, because a copy of the entity must keep the time.
   *
   * @param state the loaded state
   */
  void noteLoaded(Object entity, @Nullable Object[] state, ServerValues filledValues) {
    Object now = path.getFrom(state, entity);
    if (source == null && !value.isOn(UPDATE)) {
      if (filledValues.find(this, now) == null) {
        filledValues.remove(this);
      }
      return;
    }
    filledValues.remove(this);
    if (now == null || isUnset(now) || AttributePath.isUnfetched(now)) {
      return;
    }
    if (source == null) {
      filledValues.put(this, null, now);
    } else if (now instanceof String greeting
        && source.getFrom(state, entity) instanceof String name
        && HelloRequest.isGreeting(greeting, name, value.repeat())) {
      filledValues.put(this, name, greeting);
    }
  }

  /** Returns whether the attribute is loaded in an entity and has the given value. */
  boolean has(Object entity, Object wanted) {
    return path.isLoaded(entity) && path.isReachable(entity) && isSame(path.get(entity), wanted);
  }

  /**
   * If the application has set another value since the entity was filled, discards the record of
   * the filled value.
   */
  void noteChange(Object entity, @Nullable EntityEntry entry, FilledValueTracker filledValues) {
    Object now = path.isLoaded(entity) ? path.get(entity) : null;
    if (!isUnset(now)) {
      ServerValues entityValues = filledValues.of(entity, entry);
      if (entityValues != null && entityValues.find(this, now) == null) {
        entityValues.remove(this);
      }
    }
  }

  /**
   * Restores the value created by the INSERT if the application has not set another value since
   * then, for example after an object with nulls was merged.
   */
  void keep(Object entity, EntityEntry entry, FilledValueTracker filledValues) {
    @Nullable Object @Nullable [] loaded = entry.getLoadedState();
    if (loaded == null || !path.isLoaded(entity) || !path.isReachable(entity)) {
      return;
    }
    Object made = path.getFrom(loaded, entity);
    Object now = path.get(entity);
    if (AttributePath.isUnfetched(made) || Objects.equals(now, made)) {
      return;
    }
    noteChange(entity, entry, filledValues);
    if (!value.isOn(UPDATE)
        && !isUnset(made)
        && isReplaceable(new EntityWrite(entity, UPDATE, entry, null), now, filledValues)) {
      path.set(entity, made);
    }
  }

  boolean isUnset(@Nullable Object now) {
    return now == null || (type == long.class && now.equals(0L));
  }

  /** Returns the name to greet; null if there is none or if the value is the time. */
  @Nullable String name(EntityWrite write) {
    return source == null ? null : write.name(source);
  }

  /** Returns the request for a greeting; null if there is no name or if the value is the time. */
  @Nullable HelloRequest request(EntityWrite write) {
    String name = name(write);
    if (name == null) {
      return null;
    }
    try {
      return HelloRequest.of(name, value.repeat(), String.valueOf(source));
    } catch (FunctionCallException e) {
      throw JdbcExceptions.convert(e, path.factory());
    }
  }

  /** Converts a server time to the attribute's type. */
  Object time(long millis) {
    if (type == Long.class || type == long.class) {
      return millis;
    }
    Instant time = Instant.ofEpochMilli(millis);
    return type == Instant.class ? time : (Object) time.atOffset(ZoneOffset.UTC);
  }

  /** Converts an attribute's value to a server time in milliseconds. */
  static long millis(Object time) {
    if (time instanceof Long millis) {
      return millis;
    }
    return time instanceof OffsetDateTime other
        ? other.toInstant().toEpochMilli()
        : ((Instant) time).toEpochMilli();
  }
}
