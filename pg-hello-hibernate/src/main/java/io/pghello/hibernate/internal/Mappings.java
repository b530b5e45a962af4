// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static java.util.Objects.requireNonNull;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.internal.HelloRequest;
import java.lang.reflect.Modifier;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hibernate.MappingException;
import org.hibernate.PropertyNotFoundException;
import org.hibernate.boot.Metadata;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.generator.Generator;
import org.hibernate.generator.GeneratorCreationContext;
import org.hibernate.mapping.BasicValue;
import org.hibernate.mapping.Collection;
import org.hibernate.mapping.Column;
import org.hibernate.mapping.Component;
import org.hibernate.mapping.GeneratorCreator;
import org.hibernate.mapping.IndexedCollection;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;
import org.hibernate.mapping.Selectable;
import org.hibernate.mapping.Value;
import org.hibernate.type.BasicType;
import org.hibernate.type.CustomType;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/**
 * Finds the annotated attributes in whole mappings, checks them, and prepares how they are written.
 */
final class Mappings {
  private static final String IN_IDENTIFIER = "is part of the identifier";
  private static final Set<Integer> TEXTS =
      Set.of(
          SqlTypes.CHAR,
          SqlTypes.VARCHAR,
          SqlTypes.LONGVARCHAR,
          SqlTypes.LONG32VARCHAR,
          SqlTypes.NCHAR,
          SqlTypes.NVARCHAR,
          SqlTypes.LONGNVARCHAR,
          SqlTypes.LONG32NVARCHAR);
  private static final Set<Integer> INSTANTS =
      Set.of(
          SqlTypes.TIMESTAMP_UTC,
          SqlTypes.TIMESTAMP_WITH_TIMEZONE,
          SqlTypes.INSTANT,
          SqlTypes.OFFSET_DATE_TIME);
  private static final Set<Integer> TOO_SMALL_FOR_MILLIS =
      Set.of(SqlTypes.TINYINT, SqlTypes.SMALLINT, SqlTypes.INTEGER, SqlTypes.REAL);

  private final Metadata metadata;
  private final WriteExpressions expressions;
  private final Map<String, List<MappedValue>> found = new HashMap<>();
  // an inherited attribute is seen once in each entity, and prepared once
  private final IdentityHashMap<Property, ValueStrategy> prepared = new IdentityHashMap<>();

  private Mappings(Metadata metadata, WriteExpressions expressions) {
    this.metadata = metadata;
    this.expressions = expressions;
  }

  /** Returns what is to be filled, by the entity's name. */
  static Map<String, List<MappedValue>> find(Metadata metadata, WriteExpressions expressions) {
    var mappings = new Mappings(metadata, expressions);
    metadata.getEntityBindings().forEach(mappings::visit);
    return mappings.found;
  }

  /**
   * Where attributes are: in an entity, or in what is embedded in it.
   *
   * @param outer where the embedded object is; null if this is the entity itself
   * @param attribute the attribute there that it is; null if this is the entity itself
   * @param embedded how it is mapped; null if this is the entity itself
   */
  private record Place(
      PersistentClass entity,
      @Nullable Place outer,
      @Nullable Property attribute,
      @Nullable Component embedded,
      List<String> path,
      List<Property> attributes) {
    static Place of(PersistentClass entity) {
      List<Property> attributes = new ArrayList<>(entity.getPropertyClosure());
      // what an @IdClass has; the entity has it as attributes of its own
      attributes.removeIf(each -> each.getValue().equals(entity.getIdentifierMapper()));
      return new Place(entity, null, null, null, List.of(), attributes);
    }

    Place in(Component part, Property as) {
      return new Place(entity, this, as, part, with(path, as.getName()), part.getProperties());
    }

    /** Returns the class; only of what is annotated, as other mappings may do without classes. */
    Class<?> type() {
      return embedded == null ? entity.getMappedClass() : embedded.getComponentClass();
    }

    String of(String name) {
      return entity.getJpaEntityName() + "." + String.join(".", with(path, name));
    }
  }

  private static List<String> with(List<String> path, String name) {
    var longer = new ArrayList<>(path);
    longer.add(name);
    return List.copyOf(longer);
  }

  private void visit(PersistentClass entity) {
    Place place = Place.of(entity);
    place.attributes().forEach(attribute -> visit(place, attribute));
    if (entity.getIdentifierProperty() != null) {
      refuse(place, entity.getIdentifierProperty(), IN_IDENTIFIER);
    }
    if (entity.getIdentifierMapper() != null) {
      entity
          .getIdentifierMapper()
          .getProperties()
          .forEach(part -> refuse(place, part, IN_IDENTIFIER));
    }
  }

  private void visit(Place place, Property attribute) {
    Value mapped = attribute.getValue();
    if (attribute.getValueGeneratorCreator() instanceof ServerValueCreator value) {
      if (attribute.equals(place.entity().getVersion())) {
        throw error(
            value,
            place,
            attribute,
            "is the version, which is Hibernate's to fill; put it on another attribute");
      }
      found
          .computeIfAbsent(place.entity().getEntityName(), any -> new ArrayList<>())
          .add(map(value, place, attribute));
    } else if (mapped instanceof Component embedded) {
      Place inside = place.in(embedded, attribute);
      embedded.getProperties().forEach(part -> visit(inside, part));
      if (place.path().isEmpty()) {
        generate(place, attribute);
      }
    } else if (mapped instanceof Collection collection) {
      refuse(place, attribute, collection.getElement(), "is in a collection");
      if (collection instanceof IndexedCollection indexed && isWritten(indexed.getIndex())) {
        refuse(place, attribute, indexed.getIndex(), "is in the key of a map");
      }
    }
  }

  /** Returns whether a map's key has a column. With {@code @MapKey} it is the values' attribute. */
  private static boolean isWritten(Value key) {
    return key instanceof Component embedded
        && embedded.getProperties().stream().anyMatch(Property::isInsertable);
  }

  /**
   * Has what is in an embedded object generated by one generator of ours. That of Hibernate does
   * not look further in, and makes Hibernate 7 leave the object out of UPDATEs.
   */
  private void generate(Place place, Property embedded) {
    Set<ValueEvent> events = EnumSet.noneOf(ValueEvent.class);
    for (MappedValue each : found.getOrDefault(place.entity().getEntityName(), List.of())) {
      if (each.path().size() > 1 && each.path().get(0).equals(embedded.getName())) {
        events.addAll(each.value().events());
        refuseOther(each, place, embedded);
      }
    }
    if (!events.isEmpty()) {
      embedded.setValueGeneratorCreator(new EmbeddedValues(embedded.getName(), events));
    }
  }

  /** Creates the generator of an embedded object that has values in it. */
  private record EmbeddedValues(String attribute, Set<ValueEvent> events)
      implements GeneratorCreator {
    @Override
    public Generator createGenerator(GeneratorCreationContext context) {
      return new PrefetchGenerator(attribute, events);
    }
  }

  private static void refuseOther(MappedValue value, Place place, Property attribute) {
    if (isGeneratedByOther(attribute)) {
      throw error(
          value.value(),
          place,
          String.join(".", value.path()),
          "is in one embedded object with "
              + attribute.getName()
              + ", which something else generates; move one of them to the entity");
    }
    if (attribute.getValue() instanceof Component embedded) {
      embedded.getProperties().forEach(part -> refuseOther(value, place, part));
    }
  }

  private static boolean isGeneratedByOther(Property attribute) {
    GeneratorCreator creator = attribute.getValueGeneratorCreator();
    return creator != null
        && !(creator instanceof ServerValueCreator)
        && !(creator instanceof EmbeddedValues);
  }

  private void refuse(Place place, Property attribute, String why) {
    if (attribute.getValueGeneratorCreator() instanceof ServerValueCreator value) {
      throw error(
          value,
          place,
          attribute,
          why + ", where Hibernate generates no such value; put it on an attribute of the entity");
    }
    refuse(place, attribute, attribute.getValue(), why);
  }

  private void refuse(Place place, Property attribute, Value value, String why) {
    if (value instanceof Component embedded) {
      Place inside = place.in(embedded, attribute);
      embedded.getProperties().forEach(part -> refuse(inside, part, why));
    }
  }

  private MappedValue map(ServerValueCreator value, Place place, Property attribute) {
    String obstacle = obstacle(value, place, attribute);
    if (obstacle != null) {
      throw error(value, place, attribute, obstacle);
    }
    Class<?> type = typeOf(attribute, place.type());
    check(value, place, attribute, type);
    List<String> source = value.source() == null ? null : source(value, place, attribute);
    ValueStrategy strategy =
        prepared.computeIfAbsent(attribute, any -> prepare(value, place, attribute, type));
    return new MappedValue(value, strategy, with(place.path(), attribute.getName()), source, type);
  }

  /** Returns an attribute's type as Hibernate has it, which knows what type variables are. */
  private static Class<?> typeOf(Property attribute, Class<?> owner) {
    Class<?> declared = attribute.getGetter(owner).getReturnTypeClass();
    return attribute.getValue() instanceof BasicValue basic && !declared.isPrimitive()
        ? basic.resolve().getDomainJavaType().getJavaTypeClass()
        : declared;
  }

  /** Returns why an attribute of an embedded object cannot be filled; null if it can. */
  private static @Nullable String obstacle(
      ServerValueCreator value, Place place, Property attribute) {
    Component embedded = place.embedded();
    if (embedded == null) {
      return null;
    }
    Class<?> type = place.type();
    if (embedded.isPolymorphic()) {
      return "is in an embeddable that has subclasses; move it to the entity";
    }
    if (embedded.getTypeName() != null) {
      return "is in what a CompositeUserType makes; move it to the entity";
    }
    if (type.isRecord()) {
      return "is in a record, which cannot be filled later; move it to the entity";
    }
    if (!hasSetter(type, attribute)) {
      return "has no setter in " + type.getSimpleName() + "; add one, or move it to the entity";
    }
    if (value.source() == null && !hasEmptyConstructor(type)) {
      return "is in "
          + type.getSimpleName()
          + ", which has no constructor without arguments for one to be made where there is none;"
          + " add it, or move the time to the entity";
    }
    return obstacle(value, requireNonNull(place.outer()), requireNonNull(place.attribute()));
  }

  private static boolean hasSetter(Class<?> type, Property attribute) {
    try {
      return attribute.getSetter(type) != null;
    } catch (PropertyNotFoundException e) {
      return false;
    }
  }

  private static boolean hasEmptyConstructor(Class<?> type) {
    return !Modifier.isAbstract(type.getModifiers())
        && Arrays.stream(type.getDeclaredConstructors())
            .anyMatch(each -> each.getParameterCount() == 0);
  }

  private void check(ServerValueCreator value, Place place, Property attribute, Class<?> type) {
    if (!(metadata.getDatabase().getDialect() instanceof PostgreSQLDialect)) {
      throw error(value, place, attribute, "needs PostgreSQL, and its dialect");
    }
    Set<Class<?>> types =
        value.source() == null
            ? Set.of(Long.class, long.class, Instant.class, OffsetDateTime.class)
            : Set.of(String.class);
    if (!types.contains(type)) {
      throw error(
          value,
          place,
          attribute,
          "is of type "
              + type.getSimpleName()
              + "; it may be "
              + types.stream()
                  .map(Class::getSimpleName)
                  .sorted()
                  .collect(Collectors.joining(" or ")));
    }
    if (!(attribute.getValue() instanceof BasicValue basic)
        || basic.getColumnSpan() != 1
        || basic.getColumns().isEmpty()) {
      throw error(value, place, attribute, "has not just one column; map it to one");
    }
    if (value.source() == null
        && TOO_SMALL_FOR_MILLIS.contains(basic.resolve().getJdbcType().getDefaultSqlTypeCode())) {
      throw error(
          value,
          place,
          attribute,
          "is kept in a column without room for milliseconds; make it a BIGINT");
    }
    if (value.events().isEmpty()) {
      throw error(value, place, attribute, "has on = {}; it may be INSERT, UPDATE, or both");
    }
    if (value.source() != null
        && value.repeat() != WelcomeMessage.AS_SET
        && (value.repeat() < HelloRequest.REPEAT_MIN || value.repeat() > HelloRequest.REPEAT_MAX)) {
      throw error(
          value,
          place,
          attribute,
          "has repeat = " + value.repeat() + "; it may be 1 to 10, or AS_SET");
    }
    if (value.isOn(ValueEvent.INSERT) && !attribute.getValue().hasAnyInsertableColumns()) {
      throw error(
          value, place, attribute, "is on INSERT, and insertable = false; drop one of them");
    }
    if (value.isOn(ValueEvent.UPDATE)) {
      if (!attribute.getValue().hasAnyUpdatableColumns()) {
        throw error(
            value, place, attribute, "is on UPDATE, and updatable = false; drop one of them");
      }
      if (attribute.isLazy()) {
        throw error(value, place, attribute, "is on UPDATE, and lazy; drop one of them");
      }
    }
  }

  /** Finds what is greeted: an attribute beside this one, or one embedded in such. */
  private List<String> source(ServerValueCreator value, Place place, Property attribute) {
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
          throw error(
              value, place, attribute, noAttribute(of, last.getName() + " has nothing embedded"));
        }
        if (embedded.isPolymorphic()) {
          throw error(
              value,
              place,
              attribute,
              "has of = \""
                  + of
                  + "\", and "
                  + last.getName()
                  + " is of an embeddable that has subclasses; it may name an attribute of one that"
                  + " has none");
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
        throw error(
            value,
            place,
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
        throw error(value, place, attribute, noAttribute(of, "there are " + names));
      }
      path = with(path, name);
      steps.add(last);
    }
    Property source = requireNonNull(last);
    if (source.equals(attribute)
        || source.getValueGeneratorCreator() instanceof ServerValueCreator) {
      throw error(
          value,
          place,
          attribute,
          "has of = \""
              + of
              + "\", which is itself filled by the server; name what your program sets");
    }
    if (!(source.getValue() instanceof BasicValue) || typeOf(source, owner) != String.class) {
      throw error(
          value,
          place,
          attribute,
          "has of = \"" + of + "\", which is not a String; name one that is");
    }
    String unknown = obstacleToSource(value, source);
    if (unknown != null) {
      throw error(value, place, attribute, "has of = \"" + of + "\", " + unknown);
    }
    for (Property step : steps) {
      if (isGeneratedByOther(step)) {
        refuseIfGeneratedThen(value, place, attribute, step);
      }
    }
    return path;
  }

  /** Returns why a source is unknown when the value is computed; null if it may be known. */
  private static @Nullable String obstacleToSource(ServerValueCreator value, Property source) {
    if (source.getValue().getSelectables().stream().anyMatch(Selectable::isFormula)) {
      return "which is a formula, and known only once the row is there; name what it is made of";
    }
    if (value.isOn(ValueEvent.INSERT) && !source.getValue().hasAnyInsertableColumns()) {
      return "which has insertable = false, so that the row may have another name; name an"
          + " attribute that is inserted";
    }
    return null;
  }

  /**
   * Refuses a source that something else generates on the same event: values are computed before
   * that, whatever the order of the attributes. Only the generator knows its events, and Hibernate
   * creates it later at start-up.
   */
  private static void refuseIfGeneratedThen(
      ServerValueCreator value, Place place, Property attribute, Property source) {
    GeneratorCreator creator = source.getValueGeneratorCreator();
    source.setValueGeneratorCreator(
        context -> {
          Generator generator = creator.createGenerator(context);
          if ((value.isOn(ValueEvent.INSERT) && generator.generatesOnInsert())
              || (value.isOn(ValueEvent.UPDATE) && generator.generatesOnUpdate())) {
            throw error(
                value,
                place,
                attribute,
                "has of = \""
                    + value.source()
                    + "\", which "
                    + generator.getClass().getSimpleName()
                    + " generates, too late to be greeted; name what your program sets, or set it"
                    + " in a @PrePersist method");
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
    return "has of = \"" + of + "\", which is no attribute: " + known;
  }

  /** Chooses the strategy, and sets the generator and the write expression accordingly. */
  private ValueStrategy prepare(
      ServerValueCreator value, Place place, Property attribute, Class<?> type) {
    ValueStrategy strategy = value.strategy();
    String obstacle = obstacleToExpression(value, place, attribute, type);
    if (strategy == ValueStrategy.AUTO) {
      strategy =
          obstacle == null && isIdentity(place.entity())
              ? ValueStrategy.RETURNING
              : ValueStrategy.PREFETCH;
    } else if (strategy == ValueStrategy.RETURNING && obstacle != null) {
      throw error(
          value, place, attribute, "has strategy = RETURNING, and " + obstacle + "; use PREFETCH");
    }
    if (strategy == ValueStrategy.RETURNING
        && !place.entity().isMutable()
        && !isIdentity(place.entity())) {
      throw error(
          value,
          place,
          attribute,
          "has strategy = RETURNING, which Hibernate cannot do for what is @Immutable; use PREFETCH");
    }
    if (strategy == ValueStrategy.PREFETCH) {
      if (place.path().isEmpty()) {
        value.generateWith(new PrefetchGenerator(attribute.getName(), value.events()));
      }
      return strategy;
    }
    attribute
        .getColumns()
        .get(0)
        .setCustomWrite(
            value.source() != null
                ? expressions.greeting(value.repeat())
                : isMillis(type) ? expressions.millis() : expressions.instant());
    value.generateWith(new ReturningGenerator());
    return strategy;
  }

  /** Returns why the INSERT cannot compute the value; null if it can. */
  private @Nullable String obstacleToExpression(
      ServerValueCreator value, Place place, Property attribute, Class<?> type) {
    if (value.isOn(ValueEvent.UPDATE)) {
      return "is on UPDATE";
    }
    if (!place.path().isEmpty()) {
      return "is in an embeddable";
    }
    if (isInsertedBySqlOfItsOwn(place.entity().getRootClass())) {
      return "there is an @SQLInsert, which has no expression for the value";
    }
    var basic = (BasicValue) attribute.getValue();
    BasicValue.Resolution<?> resolved = basic.resolve();
    if (resolved.getValueConverter() != null) {
      return "has a converter";
    }
    if (isOfProgram(resolved)) {
      return "has a type that is not Hibernate's, and may write something else than it is given";
    }
    int column = resolved.getJdbcType().getDefaultSqlTypeCode();
    if (value.source() != null) {
      if (!TEXTS.contains(column)) {
        return "its column is no text";
      }
    } else if (isMillis(type)) {
      if (column != SqlTypes.BIGINT) {
        return "its column is no BIGINT";
      }
    } else if (!INSTANTS.contains(column)) {
      return "its column is no timestamp with time zone";
    }
    return attribute.getColumns().get(0).getCustomWrite() == null
        ? null
        : "has a write expression of its own";
  }

  /** Returns whether any part of how a value is written is not Hibernate's own. */
  private static boolean isOfProgram(BasicValue.Resolution<?> resolved) {
    BasicType<?> type = resolved.getLegacyResolvedBasicType();
    return type instanceof CustomType<?>
        || Stream.of(type, resolved.getDomainJavaType(), resolved.getJdbcType())
            .anyMatch(part -> !part.getClass().getName().startsWith("org.hibernate."));
  }

  private static boolean isMillis(Class<?> type) {
    return type == Long.class || type == long.class;
  }

  /** Looks at all classes of a hierarchy, as an inherited attribute is prepared once for all. */
  private boolean isInsertedBySqlOfItsOwn(PersistentClass root) {
    return metadata.getEntityBindings().stream()
        .filter(entity -> entity.getRootClass().equals(root))
        .anyMatch(
            entity ->
                entity.getCustomSQLInsert() != null
                    || entity.getJoins().stream()
                        .anyMatch(join -> join.getCustomSQLInsert() != null));
  }

  /** Returns whether the INSERT makes the identifier; XML may override annotations. */
  private static boolean isIdentity(PersistentClass entity) {
    return entity.getIdentifier().getSelectables().stream()
        .anyMatch(each -> each instanceof Column column && column.isIdentity());
  }

  private static MappingException error(
      ServerValueCreator value, Place place, Property attribute, String what) {
    return error(value, place, attribute.getName(), what);
  }

  private static MappingException error(
      ServerValueCreator value, Place place, String attribute, String what) {
    return new MappingException(
        value.annotation() + " on " + place.of(attribute) + " " + what + ".");
  }
}
