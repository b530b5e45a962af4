// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.WelcomeMessage;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.hibernate.MappingException;
import org.hibernate.generator.EventType;
import org.hibernate.generator.Generator;
import org.hibernate.generator.GeneratorCreationContext;
import org.hibernate.mapping.GeneratorCreator;
import org.jspecify.annotations.Nullable;

/**
 * The settings of the annotation on one attribute. This object is registered as the attribute's
 * generator creator, so that {@code Mappings} finds it when the mappings are complete.
 */
public final class ServerValueCreator implements GeneratorCreator {
  private final String annotation;
  private final @Nullable String source;
  private final int repeat;
  private final Set<EventType> events;
  private final ValueStrategy strategy;
  private final boolean overwrite;
  private @Nullable Generator generator;

  private ServerValueCreator(
      String annotation,
      @Nullable String source,
      int repeat,
      EventType[] events,
      ValueStrategy strategy,
      boolean overwrite) {
    this.annotation = annotation;
    this.source = source;
    this.repeat = repeat;
    this.events = EnumSet.noneOf(EventType.class);
    this.events.addAll(List.of(events));
    this.strategy = strategy;
    this.overwrite = overwrite;
  }

  public static ServerValueCreator of(WelcomeMessage annotation) {
    return new ServerValueCreator(
        "@WelcomeMessage",
        annotation.of(),
        annotation.repeat(),
        annotation.event(),
        annotation.strategy(),
        annotation.overwrite());
  }

  public static ServerValueCreator of(NowMillis annotation) {
    return new ServerValueCreator(
        "@NowMillis", null, 0, annotation.event(), annotation.strategy(), annotation.overwrite());
  }

  /** Returns the annotation's name for error messages. */
  public String annotation() {
    return annotation;
  }

  /** Returns the name of the greeted attribute; null if the value is the time. */
  public @Nullable String source() {
    return source;
  }

  public int repeat() {
    return repeat;
  }

  public boolean isOn(EventType event) {
    return events.contains(event);
  }

  public Set<EventType> events() {
    return events;
  }

  public ValueStrategy strategy() {
    return strategy;
  }

  public boolean overwrite() {
    return overwrite;
  }

  /** Sets the generator that {@link #createGenerator} returns to Hibernate. */
  public void generateWith(Generator generator) {
    this.generator = generator;
  }

  @Override
  public Generator createGenerator(GeneratorCreationContext context) {
    if (generator == null) {
      throw new MappingException(
          annotation
              + " on "
              + context.getProperty().getName()
              + " is not supported, because Hibernate does not generate values there. Put it on an"
              + " attribute of an entity, or of an embeddable in an entity.");
    }
    return generator;
  }
}
