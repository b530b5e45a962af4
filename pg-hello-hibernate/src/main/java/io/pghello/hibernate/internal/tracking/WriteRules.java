// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.hibernate.WelcomeMessage;
import io.pghello.hibernate.internal.attribute.AttributePath;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import java.util.Objects;
import org.hibernate.engine.spi.EntityEntry;
import org.jspecify.annotations.Nullable;

/**
 * Rules that determine whether a write of an entity computes a new value for an attribute.
 *
 * @param filledValues the values that entities were filled or loaded with earlier
 */
public record WriteRules(FilledValueTracker filledValues) {
  /**
   * Returns whether a value must be computed, based on the values filled in earlier. Discards the
   * record of an earlier value if the application has set another value since then.
   */
  public boolean isDue(ServerValueAttribute attribute, EntityWrite write) {
    filledValues.noteChange(write.entity(), write.entry(), attribute);
    if (!attribute.value().isOn(write.event()) || write.isBeforeDelete()) {
      return false;
    }
    AttributePath path = attribute.path();
    AttributePath source = attribute.source();
    boolean overwrite = attribute.value().overwrite();
    Object now = path.get(write.entity());
    if (write.event() == INSERT || write.isOfDetached()) {
      return overwrite || isReplaceable(attribute, write, now);
    }
    @Nullable Object @Nullable [] loaded = write.loaded();
    boolean touched =
        loaded != null && !ServerValueAttribute.isSame(now, path.getFrom(loaded, write.entity()));
    if (isNameUnread(attribute, write)) {
      return touched && (overwrite || attribute.isUnset(now));
    }
    if (attribute.isUnset(now) || loaded == null) {
      return true;
    }
    if (touched || source == null) {
      return overwrite || !touched || isReplaceable(attribute, write, now);
    }
    return write.renames(source, loaded);
  }

  /**
   * Returns whether the name is a lazy attribute that has not been loaded. In this case, the
   * application cannot have set the name.
   */
  private static boolean isNameUnread(ServerValueAttribute attribute, EntityWrite write) {
    AttributePath source = attribute.source();
    return source != null && !source.isLoaded(write.entity());
  }

  /**
   * Returns the value if no query is needed: null if there is no name to greet, or the loaded
   * greeting if the name was not loaded.
   */
  public @Nullable Object valueWithoutQuery(ServerValueAttribute attribute, EntityWrite write) {
    @Nullable Object @Nullable [] loaded = write.loaded();
    return loaded != null && isNameUnread(attribute, write)
        ? attribute.path().getFrom(loaded, write.entity())
        : null;
  }

  /**
   * Returns whether a value may be replaced because the application has not set it. This is the
   * case if the value is missing, or if it was filled in earlier and may be outdated: a time, a
   * greeting for another name, or a greeting that depends on the session's settings.
   */
  private boolean isReplaceable(
      ServerValueAttribute attribute, EntityWrite write, @Nullable Object now) {
    if (attribute.isUnset(now)) {
      return true;
    }
    ServerValues entityValues = filledValues.of(write.entity(), write.entry());
    ServerValues.ServerValue serverValue =
        entityValues == null ? null : entityValues.find(attribute, now);
    if (serverValue == null) {
      return false;
    }
    AttributePath source = attribute.source();
    return source == null
        || attribute.value().repeat() == WelcomeMessage.SESSION_DEFAULT
        || (source.isLoaded(write.entity())
            && !Objects.equals(serverValue.name(), write.name(attribute)));
  }

  /**
   * Restores the value created by the INSERT if the application has not set another value since
   * then, for example after an object with nulls was merged.
   */
  public void restore(ServerValueAttribute attribute, Object entity, EntityEntry entry) {
    AttributePath path = attribute.path();
    @Nullable Object @Nullable [] loaded = entry.getLoadedState();
    if (loaded == null || !path.isLoaded(entity) || !path.isReachable(entity)) {
      return;
    }
    Object made = path.getFrom(loaded, entity);
    Object now = path.get(entity);
    if (AttributePath.isUnfetched(made) || Objects.equals(now, made)) {
      return;
    }
    filledValues.noteChange(entity, entry, attribute);
    if (!attribute.value().isOn(UPDATE)
        && !attribute.isUnset(made)
        && isReplaceable(attribute, new EntityWrite(entity, UPDATE, entry, null), now)) {
      path.set(entity, made);
    }
  }
}
