// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import static java.util.Objects.requireNonNull;

import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.hibernate.generator.EventType;
import org.hibernate.generator.Generator;
import org.hibernate.mapping.BasicValue;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.GeneratorCreator;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.hibernate.mapping.Selectable;
import org.jspecify.annotations.Nullable;

/**
 * Finds the attribute that contains the name to greet. Rejects attributes that have no value when
 * the greeting is computed.
 */
final class GreetedAttribute {
  private GreetedAttribute() {}

  /**
   * Returns the path to the attribute to greet: a sibling of the annotated attribute, or an
   * attribute embedded in a sibling.
   */
  static List<String> find(ServerValueCreator value, AttributePlace place, Property attribute) {
    String of = requireNonNull(value.source());
    List<String> path = place.path();
    List<Property> here = new ArrayList<>(place.attributes());
    Property identifier = place.entity().getIdentifierProperty();
    if (path.isEmpty() && identifier != null) {
      here.add(identifier);
    }
    Class<?> owner = place.type();
    var steps = new ArrayList<Property>();
    Property last = null;
    for (String name : of.split("\\.", -1)) {
      if (last != null) {
        if (!(last.getValue() instanceof Component embedded)) {
          throw place.error(value, attribute, noAttribute(of, last.getName() + " is not embedded"));
        }
        if (embedded.isPolymorphic()) {
          throw place.error(
              value,
              attribute,
              "has of = \""
                  + of
                  + "\", but the embeddable "
                  + last.getName()
                  + " has subclasses; use an attribute of an embeddable without subclasses");
        }
        here = embedded.getProperties();
        owner = embedded.getComponentClass();
      }
      boolean first = last == null;
      last = null;
      for (Property each : here) {
        if (each.getName().equals(name)) {
          last = each;
        }
      }
      if (last == null && first && isInIdClass(place.entity(), name)) {
        throw place.error(
            value,
            attribute,
            "has of = \""
                + of
                + "\", which is part of an @IdClass; use an @EmbeddedId, and of = \"id."
                + of
                + "\"");
      }
      if (last == null) {
        String names =
            here.stream().map(Property::getName).sorted().collect(Collectors.joining(", "));
        throw place.error(value, attribute, noAttribute(of, "the attributes are " + names));
      }
      path = AttributePlace.with(path, name);
      steps.add(last);
    }
    Property source = requireNonNull(last);
    if (source.equals(attribute)
        || source.getValueGeneratorCreator() instanceof ServerValueCreator) {
      throw place.error(
          value,
          attribute,
          "has of = \""
              + of
              + "\", which is itself filled by the server; name an attribute that your program"
              + " sets");
    }
    if (!(source.getValue() instanceof BasicValue)
        || MappingRules.typeOf(source, owner) != String.class) {
      throw place.error(
          value,
          attribute,
          "has of = \"" + of + "\", which is not a String; name a String attribute");
    }
    String unknown = obstacleToSource(value, source);
    if (unknown != null) {
      throw place.error(value, attribute, "has of = \"" + of + "\", " + unknown);
    }
    for (Property step : steps) {
      if (MappingRules.isGeneratedByOther(step)) {
        rejectIfGeneratedOnSameEvent(value, place, attribute, step);
      }
    }
    return path;
  }

  /**
   * Returns the reason why a source has no value when the greeting is computed; null if it has a
   * value.
   */
  private static @Nullable String obstacleToSource(ServerValueCreator value, Property source) {
    if (source.getValue().getSelectables().stream().anyMatch(Selectable::isFormula)) {
      return "which is a formula, so its value is unknown before the INSERT; name an attribute that"
          + " the formula uses";
    }
    if (value.isOn(EventType.INSERT) && !source.getValue().hasAnyInsertableColumns()) {
      return "which has insertable = false, so the row may contain a different name; name an"
          + " attribute that is inserted";
    }
    return null;
  }

  /**
   * Rejects a source that another generator fills on the same event, because the greeting is
   * computed before that generator runs, regardless of the order of the attributes. The check is
   * deferred until Hibernate creates that generator later during startup, because only the
   * generator reports its events.
   */
  private static void rejectIfGeneratedOnSameEvent(
      ServerValueCreator value, AttributePlace place, Property attribute, Property source) {
    GeneratorCreator creator = source.getValueGeneratorCreator();
    source.setValueGeneratorCreator(
        context -> {
          Generator generator = creator.createGenerator(context);
          if ((value.isOn(EventType.INSERT) && generator.generatesOnInsert())
              || (value.isOn(EventType.UPDATE) && generator.generatesOnUpdate())) {
            throw place.error(
                value,
                attribute,
                "has of = \""
                    + value.source()
                    + "\", which "
                    + generator.getClass().getSimpleName()
                    + " generates only after the greeting is computed; name an attribute that your"
                    + " program sets, or set this one in a @PrePersist method");
          }
          return generator;
        });
  }

  private static boolean isInIdClass(PersistentClass entity, String name) {
    Component mapper = entity.getIdentifierMapper();
    return mapper != null
        && mapper.getProperties().stream().anyMatch(each -> each.getName().equals(name));
  }

  private static String noAttribute(String of, String known) {
    return "has of = \"" + of + "\", which is not an attribute: " + known;
  }
}
